import { ArcPolicy } from './arc.ts';
import type { EvictionPolicy, PolicyName } from './evictionPolicy.ts';
import { LirsPolicy } from './lirs.ts';
import { S3FifoPolicy } from './s3Fifo.ts';
import { FifoPolicy, LruPolicy, SievePolicy } from './singleQueue.ts';
import { WTinyLfuPolicy } from './wTinyLfu.ts';

/**
 * @param capacity weight of all residents at most
 * @param keys how many entries that is, about; the capacity itself where every entry weighs one
 */
export function createPolicy(name: PolicyName, capacity: number, keys = capacity): EvictionPolicy {
  switch (name) {
    case 'fifo':
      return new FifoPolicy(capacity);
    case 'lru':
      return new LruPolicy(capacity);
    case 'sieve':
      return new SievePolicy(capacity);
    case 's3-fifo':
      return new S3FifoPolicy(capacity);
    case 'arc':
      return new ArcPolicy(capacity);
    case 'lirs':
      return new LirsPolicy(capacity);
    case 'w-tinylfu':
      return new WTinyLfuPolicy(capacity, keys);
  }
}
