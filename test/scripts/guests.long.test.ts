/** The script that generates docs/guests.md reports which guests run, and which can be recorded and replayed. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { blkreplayOptions, filesOf, qemuOptions, SHOWN_FILES } from '../../scripts/guests/commandLines.ts';
import type { Guest } from '../../scripts/guests/guest.ts';
import { GUESTS } from '../../scripts/guests/guestList.ts';
import { runUnderBlkreplay, runUnderQemu } from '../../scripts/guests/guestRun.ts';
import { guestsDocument } from '../../scripts/guests/table.ts';
import { requireTool } from '../support/tools.ts';

const FOLDER = path.resolve(import.meta.dirname, '../guests');

const HELLO: Guest = {
  name: 'hello',
  what: 'prints a line',
  source: 'test/guests',
  kernel: 'small/hello.elf',
  expected: ['hello'],
  secondsMax: 60,
};

const ECHO: Guest = {
  ...HELLO,
  name: 'oslet',
  kernel: 'kernel/oslet.elf',
  disk: { image: 'empty.qcow2', virtio: 'modern' },
};

test("a guest's description is translated to options that start the same machine in QEMU and in blkreplay", () => {
  const guest: Guest = {
    ...ECHO,
    harts: 3,
    memory: '256M',
    bios: 'fw/jump.bin',
    disk: { image: 'a/fs.img', virtio: 'legacy' },
  };
  assert.equal(
    qemuOptions(guest, SHOWN_FILES).join(' '),
    '-M virt -m 256M -display none -serial stdio -net none -smp 3 -bios jump.bin -kernel oslet.elf ' +
      '-drive file=disk.img,if=none,format=raw,id=x0 -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0',
  );
  assert.equal(
    blkreplayOptions(guest, SHOWN_FILES).join(' '),
    '--bios jump.bin --kernel oslet.elf --memory 256M --harts 3 ' +
      '--drive id=x0,image=fs.img,format=raw,overlay=disk.qcow2,virtio=legacy',
  );
  assert.deepEqual(filesOf(guest), ['fw/jump.bin', 'kernel/oslet.elf', 'a/fs.img']);
});

test('by default, no firmware is loaded, and the options for QEMU request a modern virtio disk', () => {
  assert.match(qemuOptions(HELLO, SHOWN_FILES).join(' '), /-bios none -kernel hello.elf$/);
  assert.match(qemuOptions(ECHO, SHOWN_FILES).join(' '), /-global virtio-mmio.force-legacy=false -drive/);
  assert.match(qemuOptions({ ...HELLO, bios: 'default' }, SHOWN_FILES).join(' '), /-bios default/);
  assert.deepEqual(blkreplayOptions({ ...HELLO, bios: 'default' }, SHOWN_FILES), ['--kernel', 'hello.elf']);
});

test('a guest that prints the expected text when run, recorded and replayed is reported as working', async () => {
  const result = await runUnderBlkreplay(HELLO, FOLDER);
  assert.equal(result.kind, 'works', JSON.stringify(result));
});

test('a guest that does not print the expected text is reported as failing, with its last line as the symptom', async () => {
  const result = await runUnderBlkreplay({ ...HELLO, expected: ['good', 'hello'] }, FOLDER);
  assert.deepEqual(result, {
    kind: 'fails',
    stage: 'run',
    symptom: 'ends with status 0; last line: hello from RISC-V, hart 0',
  });
});

test('a guest that is refused is reported as failing, with the message as the symptom', async () => {
  const result = await runUnderBlkreplay({ ...HELLO, kernel: 'small/hello.expected' }, FOLDER);
  assert.equal(result.kind, 'fails');
  assert.match(result.kind === 'fails' ? result.symptom : '', /hello\.expected/);
});

test('a guest that runs on without printing the expected text is stopped at the time limit', async () => {
  const guest = { ...HELLO, kernel: 'endless/endless.elf', expected: ['never'], secondsMax: 2 };
  const result = await runUnderBlkreplay(guest, FOLDER);
  assert.match(result.kind === 'fails' ? result.symptom : '', /^exceeds its time limit/);
});

test('a guest that prints the expected text under QEMU is reported as working there', async (t) => {
  if (!requireTool('qemu-system-riscv64', t)) return;
  assert.deepEqual(await runUnderQemu(HELLO, FOLDER), { kind: 'works' });
});

test('the table lists what works, what fails, and what does not run on QEMU', () => {
  const works = { kind: 'works', steps: 1_234_567_890, digest: 'abc', recordSeconds: 9.6, replaySeconds: 12 } as const;
  const document = guestsDocument(
    [HELLO, { ...ECHO, isLong: true, qemuNote: 'no PMP' }, { ...HELLO, name: 'never run' }],
    {
      hello: { qemu: { kind: 'works' }, ours: { kind: 'fails', stage: 'run', symptom: 'prints a | b' } },
      oslet: { qemu: { kind: 'fails', symptom: 'nothing' }, ours: works },
    },
    [{ name: 'other', why: '32-bit' }],
  );
  assert.ok(document.includes('| **Fails** (run): prints a \\| b. |'), document);
  assert.ok(
    document.includes('| Works: 1,235 M steps, recorded in 10 s, replayed in 12 s. It does not run on QEMU: no PMP. |'),
  );
  assert.ok(document.includes('| `-m 128M -bios none -kernel hello.elf` | `--kernel hello.elf` |'));
  assert.ok(document.includes('| other | 32-bit |'));
  assert.ok(!document.includes('never run'));
});

test('every guest in the list has a unique name for --only', () => {
  const names = GUESTS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    names.filter((name) => name.includes(',')),
    [],
  );
});
