import { expose } from 'comlink';
import { createStoreControl } from './storeControl.ts';

expose(createStoreControl());
