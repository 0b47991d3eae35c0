import { CborError, decodeField, decodeState, encodeCbor } from '../base/cbor.ts';
import { equalBytes } from '../base/equalBytes.ts';
import { PAGE_SIZE_BYTES } from '../base/quantities.ts';
import type { State, StateValue } from '../base/state.ts';
import { StateError } from '../base/stateCodec.ts';
import { xxh64 } from '../base/xxhash64.ts';
import type { ByteRange } from '../block/byteRange.ts';
import type { Qcow2Image } from '../block/qcow2/image.ts';
import type { ImageVmState } from '../block/qcow2/imageVmState.ts';
import type { SnapshotDraft } from '../block/qcow2/snapshotDraft.ts';
import type { SnapshotView } from '../block/qcow2/snapshotView.ts';
import { snapshotForeign, foreignReasons } from '../../messages/drives.ts';
import { snapshotStateTooLarge } from '../../messages/snapshots.ts';
import type { Machine } from '../machine/machine.ts';
import { hartName } from '../machine/machineState.ts';
import { RamSnapshot } from './ramSnapshots.ts';

const STATE_AREA_BYTES = 1 << 20;
const LENGTH_BYTES = 8;
/** The size of the header of a two-part state: its length, the offset of the other part, and the checksum. */
const LONG_HEADER_BYTES = 24;
/**
 * The largest possible state, with eight disks that each have 1024 requests in flight with 1024 segments each, takes
 * 250 MiB.
 */
export const STATE_BYTES_MAX = 256 << 20;
/** Adjacent dirty pages are written together, up to this size. */
const RUN_BYTES_MAX = 1 << 20;

/** A machine's state and RAM at one position. */
interface MachineSnapshot {
  state: State;
  ram: RamSnapshot;
  /** The name of the recording's first snapshot, which distinguishes the recordings in one image. */
  first: string;
}

/** A machine's encoded state and RAM. */
export interface EncodedSnapshot {
  ram: RamSnapshot;
  /** The encoded state: everything but RAM. */
  parts: readonly { offset: number; bytes: Uint8Array }[];
  /** The length of the whole VM state. */
  lengthBytes: number;
}

/** The VM state that an image already contains. */
export type WrittenSnapshot = Pick<EncodedSnapshot, 'ram' | 'lengthBytes'>;

/**
 * Encodes a machine as a qcow2 image's VM state: 1 MiB for everything but RAM, then RAM with each page at a fixed
 * offset, then the part of a long state that does not fit in the first 1 MiB. Because offsets are fixed, a snapshot
 * writes only the pages that changed since the previous one and shares the others by refcount; zero pages are not
 * mapped at all.
 *
 * The state is CBOR with named fields, preceded by its length (u64, big-endian). If it does not fit in the first MiB,
 * two more words follow the length: the offset of the other part in the VM state, and the XXH64 of the whole CBOR.
 * Guests with many disk requests in flight have such states.
 *
 * Throws a UserError if the state exceeds the limit, before anything is written.
 */
export function encodeSnapshot({ state, ram, first }: MachineSnapshot): EncodedSnapshot {
  const memoryBytes = ram.length * PAGE_SIZE_BYTES;
  const encoded = encodeCbor({ ...state, memoryBytes, first });
  if (encoded.length > STATE_BYTES_MAX) throw snapshotStateTooLarge(encoded.length, STATE_BYTES_MAX);
  const ramEnd = STATE_AREA_BYTES + memoryBytes;
  if (LENGTH_BYTES + encoded.length <= STATE_AREA_BYTES) {
    const area = new Uint8Array(LENGTH_BYTES + encoded.length);
    new DataView(area.buffer).setBigUint64(0, BigInt(encoded.length));
    area.set(encoded, LENGTH_BYTES);
    return { ram, parts: [{ offset: 0, bytes: area }], lengthBytes: ramEnd };
  }
  const area = new Uint8Array(STATE_AREA_BYTES);
  const head = new DataView(area.buffer);
  head.setBigUint64(0, BigInt(encoded.length));
  head.setBigUint64(8, BigInt(ramEnd));
  head.setBigUint64(16, xxh64(encoded));
  area.set(encoded.subarray(0, STATE_AREA_BYTES - LONG_HEADER_BYTES), LONG_HEADER_BYTES);
  const rest = encoded.subarray(STATE_AREA_BYTES - LONG_HEADER_BYTES);
  // The length of the other part is a whole number of pages, so that zeroing the part later frees all of its clusters.
  const other = new Uint8Array(Math.ceil(rest.length / PAGE_SIZE_BYTES) * PAGE_SIZE_BYTES);
  other.set(rest);
  const parts = [
    { offset: 0, bytes: area },
    { offset: ramEnd, bytes: other },
  ];
  return { ram, parts, lengthBytes: ramEnd + other.length };
}

/**
 * Updates the image's active VM state to match the given machine; skips RAM pages that equal those in `written`.
 * Returns the number of bytes written.
 */
export function writeSnapshot(image: Qcow2Image, snapshot: EncodedSnapshot, written: WrittenSnapshot): number {
  for (const { offset, bytes } of snapshot.parts) image.vmState.write(offset, bytes);
  dropAfter(image.vmState, snapshot.lengthBytes, written.lengthBytes);
  const pages = [...snapshot.ram.pagesUnlike(written.ram)];
  if (canWriteClusters(image.clusterSizeBytes)) writeClusters(image, snapshot.ram, pages);
  else writePages(image.vmState, snapshot.ram, pages);
  return snapshot.parts.reduce((sum, { bytes }) => sum + bytes.length, pages.length * PAGE_SIZE_BYTES);
}

/**
 * Updates a draft to match the given machine. `lengthBefore` is the length of the draft's previous VM state. Passes all
 * pages to the draft, which compares them with its own and therefore reads all RAM that its snapshot maps.
 */
export function writeSnapshotTo(draft: SnapshotDraft, snapshot: EncodedSnapshot, lengthBefore: number): void {
  const write = (offset: number, bytes: Uint8Array) => draft.setVmState(offset, bytes);
  const zero = (offset: number, lengthBytes: number) => draft.zeroVmState(offset, lengthBytes);
  for (const { offset, bytes } of snapshot.parts) write(offset, bytes);
  dropAfter({ zero }, snapshot.lengthBytes, lengthBefore);
  writePages({ write, zero }, snapshot.ram, allPages(snapshot.ram));
}

/** If the previous state was longer, drops its end, which would otherwise stay in the snapshot and in the file. */
function dropAfter(vmState: Pick<ImageVmState, 'zero'>, lengthBytes: number, lengthBefore: number): void {
  if (lengthBefore > lengthBytes) vmState.zero(lengthBytes, lengthBefore - lengthBytes);
}

/**
 * Whether RAM can be written in whole clusters: each cluster contains whole pages, and RAM starts at a cluster
 * boundary.
 */
const canWriteClusters = (clusterSizeBytes: number): boolean =>
  clusterSizeBytes >= PAGE_SIZE_BYTES && pageOffset(0) % clusterSizeBytes === 0;

/**
 * Writes each cluster that contains one of the pages, which are in ascending order. Because whole clusters are written,
 * a few write calls are enough even if the clusters are scattered, and their old contents are not read. All-zero
 * clusters are dropped from the image.
 */
function writeClusters(image: Qcow2Image, ram: RamSnapshot, pages: Iterable<number>): void {
  const pagesEach = image.clusterSizeBytes / PAGE_SIZE_BYTES;
  const clusters: { offset: number; bytes: Uint8Array }[] = [];
  let end = 0;
  for (const page of pages) {
    if (page < end) continue;
    const first = page - (page % pagesEach);
    end = Math.min(first + pagesEach, ram.length);
    const offset = pageOffset(first);
    const bytes = pagesEach === 1 ? ram.page(first) : clusterOf(ram, { first, end }, image.clusterSizeBytes);
    if (bytes) clusters.push({ offset, bytes });
    else image.vmState.zero(offset, image.clusterSizeBytes);
    if (pagesEach > 1 && clusters.length * image.clusterSizeBytes >= RUN_BYTES_MAX) {
      image.vmState.writeClusters(clusters.splice(0));
    }
  }
  image.vmState.writeClusters(clusters);
}

/** The contents of the cluster with the pages from `first` to `end`; undefined if all of them are zero. */
function clusterOf(
  ram: RamSnapshot,
  { first, end }: { first: number; end: number },
  clusterSizeBytes: number,
): Uint8Array | undefined {
  let bytes: Uint8Array | undefined;
  for (let page = first; page < end; page++) {
    const content = ram.page(page);
    if (content) (bytes ??= new Uint8Array(clusterSizeBytes)).set(content, (page - first) * PAGE_SIZE_BYTES);
  }
  return bytes;
}

/** Writes pages, in order. All-zero pages are dropped from the image instead. */
function writePages(
  vmState: Pick<ImageVmState, 'write' | 'zero'>,
  ram: RamSnapshot,
  pagesToWrite: Iterable<number>,
): void {
  const run = runBuffer();
  let first = 0;
  let pages = 0;
  const flush = () => {
    if (pages > 0) vmState.write(pageOffset(first), run.subarray(0, pages * PAGE_SIZE_BYTES));
    pages = 0;
  };
  for (const page of pagesToWrite) {
    const bytes = ram.page(page);
    if (!bytes) {
      vmState.zero(pageOffset(page), PAGE_SIZE_BYTES);
      continue;
    }
    if (page !== first + pages || pages * PAGE_SIZE_BYTES === RUN_BYTES_MAX) {
      flush();
      first = page;
    }
    run.set(bytes, pages * PAGE_SIZE_BYTES);
    pages++;
  }
  flush();
}

function* allPages(ram: RamSnapshot): Generator<number> {
  for (let page = 0; page < ram.length; page++) yield page;
}

const pageOffset = (page: number): number => STATE_AREA_BYTES + page * PAGE_SIZE_BYTES;

/** Whether a snapshot's VM state was written by blkreplay (any version), not by another program such as QEMU. */
export const isBlkreplayState = (view: SnapshotView): boolean => typeof fieldOf(view, 'version') === 'number';

/** Identifies a snapshot's recording, by the name of the recording's first snapshot. */
export const recordingOf = (view: SnapshotView): unknown => fieldOf(view, 'first');

function fieldOf(view: SnapshotView, name: string): StateValue | undefined {
  const encoded = encodedState(view);
  try {
    return encoded && decodeField(encoded, name);
  } catch (error) {
    if (error instanceof CborError) return undefined;
    throw error;
  }
}

/** The machine state in a snapshot. Throws a UserError if it does not fit this machine. */
export function readState(view: SnapshotView, of: { overlay: string; snapshot: string; machine: Machine }): State {
  const foreignError = (why: string) => snapshotForeign(of.overlay, of.snapshot, why);
  const encoded = encodedState(view);
  if (!encoded) throw foreignError(foreignReasons.noState());
  const state = refuseDamage(() => decodeState(encoded), foreignError);
  const { stateVersion } = of.machine;
  if (state.version !== stateVersion) {
    throw foreignError(foreignReasons.version(String(state.version), stateVersion));
  }
  if (state.memoryBytes !== of.machine.ram.lengthBytes) throw foreignError(foreignReasons.memory());
  const { count } = of.machine.harts;
  if (!(hartName(count - 1) in state) || hartName(count) in state) throw foreignError(foreignReasons.harts());
  const { board, drives } = of.machine;
  if (!matchesParts(state.devices, board.devices, ({ name }) => name)) throw foreignError(foreignReasons.devices());
  if (!matchesParts(state.drives, drives, ({ id }) => id)) throw foreignError(foreignReasons.drives());
  refuseDamage(() => of.machine.checkState(state), foreignError);
  return state;
}

/** Whether there are saved states for exactly these parts and each state has all fields of its part. */
function matchesParts<T extends { saveState(): State }>(
  states: StateValue | undefined,
  parts: readonly T[],
  nameOf: (part: T) => string,
): boolean {
  const named = isFields(states) ? states : {};
  if (Object.keys(named).length !== parts.length) return false;
  return parts.every((part) => {
    const [fields, saved] = [named[nameOf(part)], part.saveState()];
    return isFields(fields) && Object.keys(saved).every((field) => field in fields);
  });
}

const isFields = (value: StateValue | undefined): value is State =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

/** Undefined if the state is incomplete or was not written by blkreplay. */
function encodedState(view: SnapshotView): Uint8Array | undefined {
  const head = new Uint8Array(LONG_HEADER_BYTES);
  view.readVmState(0, head);
  const [length, otherOffset, checksum] = [0, 8, 16].map((at) => new DataView(head.buffer).getBigUint64(at));
  if (length === 0n || length > BigInt(STATE_BYTES_MAX)) return undefined;
  const encoded = new Uint8Array(Number(length));
  if (LENGTH_BYTES + encoded.length <= STATE_AREA_BYTES) {
    view.readVmState(LENGTH_BYTES, encoded);
    return encoded;
  }
  // An earlier build overwrote RAM with states of this length. In such snapshots, the two words after the length are
  // not an offset and a checksum.
  if (otherOffset < BigInt(STATE_AREA_BYTES) || otherOffset > BigInt(RAM_END_MAX)) return undefined;
  const bytesInArea = STATE_AREA_BYTES - LONG_HEADER_BYTES;
  view.readVmState(LONG_HEADER_BYTES, encoded.subarray(0, bytesInArea));
  view.readVmState(Number(otherOffset), encoded.subarray(bytesInArea));
  return xxh64(encoded) === checksum ? encoded : undefined;
}

/** No machine has more than 2 GiB of RAM. */
const RAM_END_MAX = STATE_AREA_BYTES + 2 ** 31;

function refuseDamage<T>(read: () => T, foreignError: (why: string) => Error): T {
  try {
    return read();
  } catch (error) {
    const isDamage = error instanceof CborError || error instanceof StateError;
    throw isDamage ? foreignError(foreignReasons.unreadable(error.message)) : error;
  }
}

/** The contents of a snapshot: a machine's state and its RAM pages. */
export interface LoadedSnapshot {
  state: State;
  ram: RamSnapshot;
}

/**
 * Reads a snapshot in pieces of a few milliseconds. Reads all RAM that the snapshot maps. Pages that equal those of
 * `known`, which is in memory anyway, are shared with `known`.
 */
export function* readSnapshot(
  machine: Machine,
  view: SnapshotView,
  { known, ...names }: { overlay: string; snapshot: string; known?: RamSnapshot },
): Generator<void, LoadedSnapshot> {
  const state = readState(view, { ...names, machine });
  const pages = new Array<Uint8Array | undefined>(machine.ram.pageCount).fill(undefined);
  for (const range of view.vmStateRanges(STATE_AREA_BYTES + machine.ram.lengthBytes))
    yield* readPages(view, range, pages, known);
  return { state, ram: RamSnapshot.of(pages) };
}

/**
 * Reads the RAM pages in one mapped range of the VM state. A range may start in the state area or, with large clusters,
 * within a run of pages.
 */
function* readPages(
  view: SnapshotView,
  { offset, lengthBytes }: ByteRange,
  ram: (Uint8Array | undefined)[],
  known: RamSnapshot | undefined,
): Generator<void, void> {
  const first = Math.max(0, Math.floor((offset - STATE_AREA_BYTES) / PAGE_SIZE_BYTES));
  const end = Math.min(ram.length, Math.ceil((offset + lengthBytes - STATE_AREA_BYTES) / PAGE_SIZE_BYTES));
  for (let page = first; page < end;) {
    const pages = Math.min(RUN_BYTES_MAX / PAGE_SIZE_BYTES, end - page);
    const bytes = runBuffer().subarray(0, pages * PAGE_SIZE_BYTES);
    view.readVmState(pageOffset(page), bytes);
    for (let i = 0; i < pages; i++) {
      const read = bytes.subarray(i * PAGE_SIZE_BYTES, (i + 1) * PAGE_SIZE_BYTES);
      const same = known?.page(page + i);
      ram[page + i] = same && equalBytes(same, read) ? same : read.slice();
    }
    page += pages;
    yield;
  }
}

/** A single shared buffer, because temporary buffers between long-lived pages would fragment the heap. */
const runBuffer = (): Uint8Array<ArrayBuffer> => (sharedRun ??= new Uint8Array(RUN_BYTES_MAX));
let sharedRun: Uint8Array<ArrayBuffer> | undefined;
