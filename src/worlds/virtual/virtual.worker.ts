import { expose } from 'comlink';
import { createVirtualControl } from './virtualControl.ts';

expose(createVirtualControl());
