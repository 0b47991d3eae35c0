/** The allocator finds free clusters in the image file, and adds refcount blocks for them where needed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterAllocator } from '../../../../debug-adapter/engine/block/qcow2/clusterAllocator.ts';
import { RefcountArray } from '../../../../debug-adapter/engine/block/qcow2/refcountArray.ts';

const CLUSTER_BYTES = 4096;
/** The number of 16-bit refcounts in a refcount block of 4 KiB. */
const PER_BLOCK = 2048;
/** The number of clusters in 64 KiB. */
const ALIGNMENT = 16;

/** Creates a file with the header in cluster 0 and its only refcount block in cluster 1. */
function newFile() {
  const refcounts = new RefcountArray(CLUSTER_BYTES, 16);
  const allocator = new ClusterAllocator(refcounts, CLUSTER_BYTES);
  allocator.allocateHeader();
  return { refcounts, allocator };
}

const free = ({ refcounts, allocator }: ReturnType<typeof newFile>, ...clusters: number[]) => {
  for (const cluster of clusters) {
    refcounts.set(cluster, 0);
    allocator.freed(cluster);
  }
};

test('the first refcount block follows the header and includes the refcount of its own cluster', () => {
  const { refcounts } = newFile();
  assert.deepEqual(refcounts.blocks, [CLUSTER_BYTES]);
  assert.deepEqual(
    [0, 1, 2].map((cluster) => refcounts.get(cluster)),
    [1, 1, 0],
  );
});

test('a short run of clusters starts at the first free cluster and ends before the next cluster in use', () => {
  const file = newFile();
  assert.deepEqual(file.allocator.allocate(4), { offset: 2 * CLUSTER_BYTES, clusters: 4 });
  free(file, 3, 4);
  assert.deepEqual(file.allocator.allocate(4), { offset: 3 * CLUSTER_BYTES, clusters: 2 });
  assert.deepEqual(file.allocator.allocate(1), { offset: 6 * CLUSTER_BYTES, clusters: 1 });
});

test('a long run of clusters starts at a multiple of 64 KiB, and short runs fill the gap before it', () => {
  const { allocator } = newFile();
  assert.deepEqual(allocator.allocate(ALIGNMENT), { offset: ALIGNMENT * CLUSTER_BYTES, clusters: ALIGNMENT });
  assert.deepEqual(allocator.allocate(3), { offset: 2 * CLUSTER_BYTES, clusters: 3 });
  const next = allocator.allocate(2 * ALIGNMENT);
  assert.deepEqual(next, { offset: 2 * ALIGNMENT * CLUSTER_BYTES, clusters: 2 * ALIGNMENT });
});

test('a table is placed in the first gap that is long enough', () => {
  const file = newFile();
  file.allocator.allocate(8);
  free(file, 4, 6, 7);
  assert.equal(file.allocator.allocateContiguous(2), 6 * CLUSTER_BYTES);
  assert.equal(file.allocator.allocateContiguous(2), 10 * CLUSTER_BYTES);
  assert.equal(file.refcounts.get(4), 0);
});

test('a table that would extend into clusters without a refcount block is placed after the new refcount block', () => {
  const { refcounts, allocator } = newFile();
  const table = allocator.allocateContiguous(PER_BLOCK);
  assert.deepEqual(refcounts.blocks, [CLUSTER_BYTES, 2 * CLUSTER_BYTES]);
  assert.equal(table, 3 * CLUSTER_BYTES);
  assert.equal(refcounts.usedClusters, PER_BLOCK + 3);
});

test('changed and new refcount blocks are tracked until they are written', () => {
  const { refcounts, allocator } = newFile();
  refcounts.dirtyBlocks.clear();
  refcounts.unlistedBlocks.clear();
  allocator.allocate(1);
  assert.deepEqual([[...refcounts.dirtyBlocks], [...refcounts.unlistedBlocks]], [[0], []]);
  allocator.addBlocks(3 * PER_BLOCK);
  assert.deepEqual(
    [[...refcounts.dirtyBlocks], [...refcounts.unlistedBlocks]],
    [
      [0, 1, 2],
      [1, 2],
    ],
  );
});

test('restoring a saved state discards the allocations made since then', () => {
  const { refcounts, allocator } = newFile();
  const saved = refcounts.save();
  allocator.allocateContiguous(2 * PER_BLOCK);
  refcounts.restore(saved);
  allocator.reset();
  assert.deepEqual([refcounts.blocks, refcounts.usedClusters], [[CLUSTER_BYTES], 2]);
  assert.deepEqual(allocator.allocate(1), { offset: 2 * CLUSTER_BYTES, clusters: 1 });
});
