import { expose } from 'comlink';
import { createNodeControl } from './nodeControl.ts';

expose(createNodeControl());
