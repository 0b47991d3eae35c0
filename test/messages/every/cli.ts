import assert from 'node:assert/strict';
import { after, type TestContext } from 'node:test';
import fs from 'node:fs';
import { Sandbox } from '../../support/cli.ts';
import { guest } from '../../support/guests.ts';
import { type CommandRequest, Commands, type Fault } from './commands.ts';
import type { Shown } from './rows.ts';

/** The settings with which a row runs a command line. */
export interface Setting extends Pick<CommandRequest, 'isInterrupted'> {
  fault?: Fault | ((sandbox: Sandbox) => Fault);
  /** Prepares the files. */
  trouble?: (sandbox: Sandbox) => void | Promise<void>;
  /** The expected exit status; 2 if omitted. */
  status?: number;
  /** Whether the command has no option `--json`, so it prints the error only as a sentence. */
  isText?: boolean;
}

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});
/** Cleans up after all tests of the file. Inside a test, `after` would clean up at the end of that test. */
export const wholeFile = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) };

export const commands = new Commands(wholeFile);

/** A folder with guests and a disk. Each row uses a copy of it. */
let fresh: Sandbox | undefined;
/** A copy of that folder with recordings. `a.rr` has a snapshot `later`, which is not its first one. */
let recorded: Promise<Sandbox> | undefined;

const MIB = 1 << 20;
/** Stops after the first automatic snapshot. */
const STOP = '--stop-at 17_000_000 --all-snapshots';
export const DEMO = '--kernel demo.elf --rrfile a.rr --drive id=hd0,image=disk.img,format=raw,overlay=hd0.qcow2';
export const TIMER = '--kernel timer.elf --rrfile a.rr';

/** A small operating system that executes typed commands, accesses a disk, and powers off. */
export const OSLET =
  '--kernel oslet.elf --rrfile os.rr --drive id=hd0,image=disk.img,format=raw,overlay=os.qcow2 --stdin typed';

function freshFolder(): Sandbox {
  if (fresh) return fresh;
  fresh = new Sandbox(wholeFile);
  fresh.write('demo.elf', fs.readFileSync(guest('demo/demo')));
  fresh.write('timer.elf', fs.readFileSync(guest('small/timer')));
  fresh.write('oslet.elf', fs.readFileSync(guest('kernel/oslet')));
  fresh.write('typed', 'writeblk 1 one\nreadblk 1\nsum 64\nreadblk 0\nreadblk 2\npoweroff\n');
  fresh.write('demo.c', 'int main(void);\n');
  fresh.disk('disk.img', 4 * MIB);
  fresh.write('folder/in-it', 'precious');
  return fresh;
}

function recordedFolder(): Promise<Sandbox> {
  recorded ??= (async () => {
    const sandbox = freshFolder().copy(wholeFile);
    const temporary = '--kernel demo.elf --rrfile temporary.rr --drive id=hd0,image=disk.img,format=raw';
    const lines = [`${DEMO} ${STOP}`, `${temporary} --stop-at 100_000`, '--kernel timer.elf --rrfile timer.rr', OSLET];
    for (const line of lines) {
      await run(sandbox, `record ${line}`);
    }
    const { console } = await run(sandbox, 'snapshot list a.rr --json');
    const taken = (JSON.parse(console) as { name: string; position: number }[]).findLast(
      ({ position }) => position > 0,
    )!;
    await run(sandbox, `snapshot rename a.rr ${taken.name} later`);
    return sandbox;
  })();
  return recorded;
}

export const run = (sandbox: Sandbox, line: string, more: Partial<CommandRequest> = {}) =>
  commands.run({ folder: sandbox.folder, args: line.split(' ').filter((word) => word !== ''), ...more });

/** A command that must fail, in a folder with guests and a disk. */
export const cli = (line: string, setting: Setting = {}) =>
  refusal(() => Promise.resolve(freshFolder()), line, setting);

/** A command that must fail, in a folder with recordings. */
export const onRecording = (line: string, setting: Setting = {}) => refusal(recordedFolder, line, setting);

const refusal =
  (scene: () => Promise<Sandbox>, line: string, { trouble, status = 2, isText, fault, ...host }: Setting) =>
  async (t: TestContext): Promise<Shown> => {
    const sandbox = (await scene()).copy(t);
    await trouble?.(sandbox);
    const injected = typeof fault === 'function' ? fault(sandbox) : fault;
    if (isText) return noticeOf(line, { status }, () => Promise.resolve(sandbox))(t);
    const { stderr, status: actual } = await run(sandbox, `${line} --json`, { ...host, fault: injected });
    assert.equal(actual, status, stderr);
    // The last line on stderr is the error as JSON; the line before it is the error as a sentence.
    const [sentence, json] = stderr.trimEnd().split('\n').slice(-2);
    const { error } = JSON.parse(json) as { error: { code: string; message: string } };
    assert.equal(sentence, `blkreplay: ${error.message}`);
    return { code: error.code, text: error.message };
  };

/** A command that succeeds, but prints a notice on stderr. */
export const noticeOf =
  (line: string, { trouble, status = 0 }: Setting, scene = () => Promise.resolve(freshFolder())) =>
  async (t: TestContext): Promise<Shown> => {
    const sandbox = (await scene()).copy(t);
    await trouble?.(sandbox);
    const { stderr, status: actual } = await run(sandbox, line);
    if (actual !== status) throw new Error(`exit status ${actual}: ${stderr}`);
    return { text: /^blkreplay: (.*)$/m.exec(stderr)?.[1] ?? '' };
  };

export const noticeOnRecording = (line: string, setting: Setting) => noticeOf(line, setting, recordedFolder);
