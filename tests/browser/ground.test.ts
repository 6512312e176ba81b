import { expect, test } from 'vitest';

test('this browser has every part that the live world stands on', () => {
  expect(typeof Worker).toBe('function');
  expect(typeof BroadcastChannel).toBe('function');
  expect(typeof indexedDB.open).toBe('function');
  expect(typeof navigator.locks.request).toBe('function');
  expect(typeof navigator.storage.getDirectory).toBe('function');
});
