/** `npm run bench:reverse`: measures how long reverse steps take in the engine itself.
 *
 * The demo is recorded first; the steps start at random positions with a fixed seed. For each kind of step, prints
 * percentiles of 200 samples in milliseconds.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import { LiveInputs, openRecord, openSymbols, Session, SourceSteps } from '../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { SeededRandom } from '../support/seededRandom.ts';

const SAMPLES = 200;
const KERNEL = 'test/guests/demo/demo.elf';
const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
const image = path.join(folder, 'disk.img');
writeFileSync(image, new Uint8Array(4 << 20));
const timeline = openRecord(nodeHost, {
  ...{ kernel: KERNEL, bios: null, initrd: null, append: '', memoryBytes: 128 << 20, idle: 'warp' },
  ...{ live: new LiveInputs([]), otherInputs: [], overwrite: false, onConsoleByte: () => {} },
  drives: [{ id: 'hd0', image, format: 'raw', overlay: path.join(folder, 'hd0.qcow2'), readOnly: false }],
  ...{ rrfile: path.join(folder, 'a.rr'), rrsnapshot: 'replay_init', version: 'bench' },
});
const session = new Session(timeline);
const steps = new SourceSteps(session, openSymbols({ name: KERNEL, bytes: readFileSync(KERNEL) }));
const random = new SeededRandom(1);
complete(session.continue());
const end = session.position;
console.log(`demo: ${end} steps recorded`);

measure('step back one instruction, at the current position', () => complete(session.stepBackInstruction()));
complete(session.goTo(end));
measure('step back over a line, at the current position', () => complete(steps.stepBack()));
const anywhere = () => void complete(session.goTo(1 + random.below(end - 1)));
measure('go to any position', () => complete(session.goTo(1 + random.below(end - 1))));
measure('step back one instruction, anywhere', () => complete(session.stepBackInstruction()), anywhere);
measure('step back over a line, anywhere', () => complete(steps.stepBack()), anywhere);

timeline.close({ reason: 'interrupted' });
rmSync(folder, { recursive: true });

function measure(what: string, act: () => unknown, prepare = () => {}): void {
  const times = Array.from({ length: SAMPLES }, () => {
    prepare();
    const start = performance.now();
    act();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  const at = (ratio: number) => times[Math.floor(ratio * (SAMPLES - 1))].toFixed(1).padStart(8);
  console.log(`${what.padEnd(46)} median ${at(0.5)}   p95 ${at(0.95)}   most ${at(1)}`);
}
