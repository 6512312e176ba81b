import { expose } from 'comlink';
import { createProviderControl } from './providerControl.ts';

expose(createProviderControl());
