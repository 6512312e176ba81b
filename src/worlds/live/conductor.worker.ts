import { expose } from 'comlink';
import { createConductorControl } from './conductorControl.ts';

expose(createConductorControl());
