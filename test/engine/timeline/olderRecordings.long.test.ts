/** Recordings in older formats are replayed with the devices, instructions and digests of those formats. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { xxh64 } from '../../../debug-adapter/engine/base/xxhash64.ts';
import type { DeviceGeneration } from '../../../debug-adapter/engine/machine/board.ts';
import { LEGACY_ISA, ISA } from '../../../debug-adapter/engine/machine/cpu/extensions.ts';
import { FORMAT_VERSION, XXH3_VERSION } from '../../../debug-adapter/engine/recording/chunk.ts';
import type { DigestPart, LogEntry } from '../../../debug-adapter/engine/recording/logEntry.ts';
import { Player } from '../../../debug-adapter/engine/recording/player.ts';
import type { Json } from '../../support/randomJson.ts';
import { headerJson, rewriteFile, withHeader } from '../../support/recordings.ts';
import { a, assemble, CSR, REGISTER_OPERATIONS } from '../machine/cpu/assembler.ts';
import { minimalElf } from '../machine/cpu/minimalElf.ts';
import { DEMO, type Stage, stageOf } from './travelSupport.ts';

test('a version 3 recording, in which requests have XXH64 digests, can be replayed and ends in the same state', (t) => {
  const stage = stageOf(DEMO, t);
  const digest = record(stage);
  writeAsVersion3(stage, oldDigests(stage, t));
  const replay = stage.replay();
  const end = replay.advance(Infinity)!;
  assert.equal(replay.digest(), digest);
  replay.close(end);
});

test('the replay of a version 3 recording with request digests of the current kind diverges at the first request', (t) => {
  const stage = stageOf(DEMO, t);
  record(stage);
  writeAsVersion3(stage, new Map());
  const replay = stage.replay();
  assert.throws(() => replay.advance(Infinity), /request 0 of drive hd0 completed with status ok and data digest/);
  replay.abandon();
});

for (const format of [2, 3, 4]) {
  test(`if a device diverges in the replay of a version ${format} recording, the message names the build that can replay it`, (t) => {
    const message = messageOfDivergence(t, { devices: 'before5', format });
    assert.match(message, /of uart0.*devices have changed since recording format/);
    assert.match(
      message,
      new RegExp(`Replay the recording with the build that recorded it \\(blkreplay test, format ${format}\\)`),
    );
  });
}

test('the message for a divergence in a recording with the current format version does not mention the format', (t) => {
  const message = messageOfDivergence(t, { devices: 'current', format: FORMAT_VERSION });
  assert.match(message, /of uart0.*a different version of blkreplay \(test\)/);
  assert.doesNotMatch(message, /format/);
});

/** Changes the UART part of every digest in a recording. Returns the message for the divergence in the replay. */
function messageOfDivergence(t: TestContext, of: { devices: DeviceGeneration; format: number }): string {
  const stage = stageOf(DEMO, t);
  const timeline = stage.record({ devices: of.devices });
  timeline.close(timeline.advance(Infinity)!);
  const other = (part: DigestPart): DigestPart => (part.name === 'uart0' ? { ...part, value: part.value ^ 1n } : part);
  const withOther = (entry: LogEntry): LogEntry =>
    entry.kind === 'digest' ? { ...entry, parts: entry.parts.map(other) } : entry;
  // Removes the disk requests if the format is older than version 4, because such formats use a different request
  // digest.
  const noRequests = ({ kind }: LogEntry): boolean => !kind.startsWith('block') || of.format >= XXH3_VERSION;
  rewriteFile(stage.setup.rrfile, (entries) => entries.filter(noRequests).map(withOther), of.format);
  const replay = stage.replay();
  try {
    replay.advance(Infinity);
    assert.fail('it diverges');
  } catch (error) {
    return (error as Error).message;
  } finally {
    replay.abandon();
  }
}

test("a replaying machine supports exactly the instruction set that the recording's header names", (t) => {
  const stage = stageOf({ kernel: guestWithConditionalZero(t), diskBytes: 1 << 20 }, t);
  const { rrfile } = stage.setup;
  const digest = record(stage, {});
  const replay = stage.replay();
  replay.close(replay.advance(Infinity)!);
  assert.equal(replay.digest(), digest);
  const bytes = readFileSync(rrfile);
  const header = headerJson(bytes) as Record<string, Record<string, Json>>;
  assert.equal(header.machine.isa, ISA);
  header.machine.isa = LEGACY_ISA;
  writeFileSync(rrfile, withHeader(bytes, header));
  // The machine lacks the instruction, so the instruction traps.
  const older = stage.replay();
  assert.throws(() => older.advance(Infinity), /The replay differs/);
  older.abandon();
});

/** Writes a guest that powers off after a Zicond instruction, or hangs if that instruction traps. */
function guestWithConditionalZero(t: TestContext): string {
  const POWER_OFF = 0x5555;
  const program = [
    a.la(5, 'trap'),
    a.csrw(CSR.mtvec, 5),
    a.add(10, 11, 12),
    REGISTER_OPERATIONS['czero.eqz'](10, 11, 12),
  ];
  const end = [a.li(5, 0x10_0000), a.li(6, POWER_OFF), a.sw(6, 0, 5), 'trap', a.j('trap')];
  const folder = mkdtempSync(path.join(tmpdir(), 'older-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const kernel = path.join(folder, 'zicond.elf');
  writeFileSync(kernel, minimalElf(assemble([...program, ...end]), 0x8000_0000n));
  return kernel;
}

/**
 * Records a guest until it shuts down, by default with the devices of formats before version 5. Returns the digest at
 * the end.
 */
function record(stage: Stage, options: Parameters<Stage['record']>[0] = { devices: 'before5' }): bigint {
  const timeline = stage.record(options);
  const end = timeline.advance(Infinity)!;
  const digest = timeline.digest();
  timeline.close(end);
  return digest;
}

/** Maps each current digest in a recording to the XXH64 digest of the same data. */
function oldDigests(stage: Stage, t: TestContext): Map<bigint, bigint> {
  const old = new Map<bigint, bigint>();
  const digestNow = Player.prototype.digestOf;
  // The recording gets the format version that matches its devices, because otherwise it could not be replayed.
  rewriteFile(stage.setup.rrfile, (entries) => entries, 4);
  const listening = t.mock.method(Player.prototype, 'digestOf', function (this: Player, data: Uint8Array) {
    const digest = digestNow.call(this, data);
    old.set(digest, xxh64(data));
    return digest;
  });
  const replay = stage.replay();
  replay.close(replay.advance(Infinity)!);
  listening.mock.restore();
  assert(old.size > 1);
  return old;
}

/** Rewrites the recording as version 3, and replaces the request digests that are in the given map. */
function writeAsVersion3({ setup: { rrfile } }: Stage, digests: ReadonlyMap<bigint, bigint>): void {
  const withDigest = (entry: LogEntry): LogEntry =>
    entry.kind === 'blockCompletion' ? { ...entry, digest: digests.get(entry.digest) ?? entry.digest } : entry;
  rewriteFile(rrfile, (entries) => entries.map(withDigest), 3);
}
