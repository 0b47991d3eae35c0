/** After SIGKILL, a recording contains every entry that was flushed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { RecordingReader } from '../../debug-adapter/engine/recording/recordingReader.ts';
import { nodeCompression } from '../../debug-adapter/host/compression.ts';
import { openFile } from '../../debug-adapter/host/nodeFiles.ts';

/**
 * A program that records endlessly, with entry n at position 10 n, and prints each position up to which it has flushed
 * the log.
 */
const ENDLESS_RECORDING = `
  const root = ${JSON.stringify(new URL('../../', import.meta.url).href)};
  const { openFile } = await import(root + 'debug-adapter/host/nodeFiles.ts');
  const { nodeCompression } = await import(root + 'debug-adapter/host/compression.ts');
  const { RecordingWriter } = await import(root + 'debug-adapter/engine/recording/recordingWriter.ts');
  const { HEADER, KERNEL } = await import(root + 'test/engine/recording/support.ts');
  const { writeSync } = await import('node:fs');
  const writer = new RecordingWriter(openFile(process.argv[1], { write: true, create: 'new' }), nodeCompression);
  writer.writeHeader(HEADER, [KERNEL]);
  for (let n = 0; ; n++) {
    writer.append({ kind: 'clockJump', position: n * 10, nanoseconds: n + 1 });
    if (n % 500 !== 499) continue;
    if (n % 5000 === 4999) writer.flushDurably(n * 10 + 5);
    else writer.flush(n * 10 + 5);
    writeSync(1, n * 10 + 5 + '\\n');
  }`;

test('SIGKILL while recording, at ten random moments, loses nothing that was flushed', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-test-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  for (let round = 0; round < 10; round++) {
    const name = path.join(folder, `${round}.rr`);
    const flushed = await recordAndKill(name, 1 + Math.random() * 60);
    const reader = new RecordingReader(openFile(name, { write: false, create: 'never' }), nodeCompression);
    assert.equal(reader.complete, false);
    assert.ok(reader.lastPosition >= flushed, `reaches ${reader.lastPosition}, but ${flushed} was flushed`);
    let n = 0;
    for (const entry of reader.entriesFrom(0, ['clockJump'])) {
      assert.deepEqual(entry, { kind: 'clockJump', position: n * 10, nanoseconds: n + 1 });
      n++;
    }
    assert.ok(n * 10 > flushed - 10);
    reader.close();
  }
});

/** Returns the last position that the recording process reported as flushed. */
async function recordAndKill(name: string, afterMs: number): Promise<number> {
  const args = ['--input-type=module', '-e', ENDLESS_RECORDING, name];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
    output += text;
  });
  await once(child, 'close');
  return Number(output.split('\n').at(-2));
}
