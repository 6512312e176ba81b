import { expose } from 'comlink';
import { createExamControl } from './examControl.ts';

expose(createExamControl());
