import { expose } from 'comlink';
import { createCapacityWorker } from './capacityWorker.ts';

expose(createCapacityWorker());
