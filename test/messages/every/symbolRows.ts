import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { crc32 } from '../../../debug-adapter/engine/symbols/index.ts';
import { readElfFile } from '../../../debug-adapter/engine/symbols/elf/elfFile.ts';
import { debugOnly, patched, stripped, withSections } from '../../support/changedElf.ts';
import type { Sandbox } from '../../support/cli.ts';
import { makeElf } from '../../support/elf.ts';
import { GdbClient } from '../../support/gdbClient.ts';
import { guest } from '../../support/guests.ts';
import { cli } from './cli.ts';
import { launchRefused, outputOf, refusal, type Scene, started, unverified } from './dap.ts';
import type { Row, Shown } from './rows.ts';

const CALLS = fs.readFileSync(guest('walks/calls'));
const DEBUG = debugOnly(CALLS);

const symbolsRefused = (bytes: Uint8Array | string) =>
  launchRefused({ symbols: ['bad.elf'] }, (sandbox) => void sandbox.write('bad.elf', bytes));

/** A section with the name and checksum of a debug information file (gdb manual, "Separate Debug Files"). */
function debugLink(name: string, crc: number) {
  const text = Buffer.from(name + '\0'.repeat(4 - (name.length % 4)));
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc >>> 0);
  return { name: '.gnu_debuglink', bytes: Buffer.concat([text, sum]) };
}

/** Launches a session with the given files in its folder, and returns its matching output. */
const noticed =
  (
    files: Record<string, Uint8Array | string>,
    settings: object,
    pattern: RegExp,
    category = 'important',
    act = (_scene: Scene) => Promise.resolve(),
  ) =>
  async (t: TestContext): Promise<Shown> => {
    const scene = await started(t, (sandbox) => {
      for (const [name, bytes] of Object.entries(files)) sandbox.write(name, bytes);
      return { drives: [], ...settings };
    });
    await act(scene);
    return outputOf(scene.dap, category, pattern);
  };

const OTHER_BUILD = patched(CALLS, 0x8000_0ea0n);
const BAD_NATVIS = '<AutoVisualizer>\n<Type Name="x">\n</AutoVisualizer>\n';

/** Makes the adapter read debug information. Repeats the requests, because output follows the response to a request. */
async function readType({ dap }: Scene): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await dap.send('setFunctionBreakpoints', { breakpoints: [{ name: 'main' }] });
    await dap.send('evaluate', { expression: '*main', context: 'watch' });
    await dap.send('evaluate', { expression: '(struct pair *)0', context: 'watch' });
  }
}

/** A copy of the file in which a debug section is filled with one byte value. */
function damaged(elf: Uint8Array, section: string, byte: number): Uint8Array {
  const copy = new Uint8Array(elf);
  readElfFile(copy, 'x.elf')
    .sections.find(({ name }) => name === section)!
    .bytes.fill(byte);
  return copy;
}

/** Files with symbols and formatters. */
export const symbolRows: readonly Row[] = [
  {
    message: 'symbols/symbolsAreNotElf',
    provoke: symbolsRefused('text'),
    cause: /is not an ELF file/,
    where: /bad\.elf /,
    remedy: /Use a linked ELF file for 64-bit RISC-V, built with -g/,
  },
  {
    message: 'symbols/symbolsAreNotRv64',
    provoke: symbolsRefused(makeElf({ machine: 62 })),
    cause: /is not an ELF file for little-endian 64-bit RISC-V/,
    where: /bad\.elf /,
    remedy: /Use a linked ELF file/,
  },
  {
    message: 'symbols/symbolsAreNotLinked',
    provoke: symbolsRefused(makeElf({ type: 1 })),
    cause: /is an object file, so its addresses are not final/,
    where: /bad\.elf /,
    remedy: /Use a linked ELF file/,
  },
  {
    message: 'symbols/symbolsAreTruncated',
    provoke: symbolsRefused(CALLS.subarray(0, CALLS.length - 100)),
    cause: /is truncated: its section header table extends past the end/,
    where: /bad\.elf /,
    remedy: /Build it again/,
  },
  {
    message: 'symbols/imageHasNoSymbols',
    provoke: cli('symbols demo.c', { isText: true }),
    cause: /is not a Linux Image with a symbol table/,
    where: /^demo\.c /,
    remedy: /CONFIG_KALLSYMS/,
  },
  {
    message: 'symbols/symbolsAreOfOtherBuild',
    provoke: noticed(
      { 'k.elf': stripped(CALLS), 'other.elf': OTHER_BUILD },
      { kernel: 'k.elf', symbols: ['other.elf'] },
      /other\.elf/,
    ),
    cause: /is a different build from .*k\.elf: the code differs, starting at 0x80000ea0/,
    where: /other\.elf /,
    remedy: /Use the symbols of the build that the machine is running/,
  },
  {
    message: 'dap/codeIsNotBooted',
    provoke: unverified(
      (t) =>
        started(t, (sandbox) => {
          sandbox.write('k.elf', stripped(CALLS));
          sandbox.write('other.elf', OTHER_BUILD);
          return { kernel: 'k.elf', symbols: ['other.elf'], drives: [] };
        }),
      'setFunctionBreakpoints',
      { breakpoints: [{ name: 'fibonacci' }] },
    ),
    cause: /is from a different build than the code that the machine runs here/,
    where: /other\.elf/,
    remedy: /Use the symbols of the build that the machine is running/,
  },
  {
    message: 'symbols/debugLinkMismatch',
    provoke: noticed(
      { 'k.elf': withSections(stripped(CALLS), [debugLink('k.debug', crc32(DEBUG) ^ 1)]), 'k.debug': DEBUG },
      { kernel: 'k.elf' },
      /k\.debug/,
    ),
    cause: /does not contain the debug information of .*k\.elf: its checksum differs/,
    where: /k\.debug /,
    remedy: /Use the file from the same build/,
  },
  {
    message: 'symbols/symbolFileOutside',
    provoke: async (t) => {
      const scene = await started(t, (sandbox) => {
        sandbox.write('work/k.elf', withSections(stripped(CALLS), [debugLink('k.debug', crc32(DEBUG))]));
        sandbox.write('outside/k.debug', DEBUG);
        fs.symlinkSync(sandbox.path('outside/k.debug'), sandbox.path('work/k.debug'));
        return { kernel: sandbox.path('work/k.elf'), cwd: sandbox.path('work'), drives: [] };
      });
      return outputOf(scene.dap, 'important', /k\.debug/);
    },
    cause: /which was not read: it is not in the same folder, in the workspace or in a folder listed in "symbolPaths"/,
    where: /k\.elf refers to .*k\.debug/,
    remedy: /If you trust the file, add its folder to "symbolPaths"/,
  },
  {
    message: 'symbols/sourceIsNewer',
    provoke: async (t) => {
      const scene = await started(t, (sandbox) => {
        sandbox.write('k.elf', CALLS);
        sandbox.write('src/calls.c', fs.readFileSync(path.join(path.dirname(guest('walks/calls')), 'calls.c')));
        fs.utimesSync(sandbox.path('k.elf'), 1000, 1000);
        return { kernel: 'k.elf', sourceMap: { './walks': 'src' }, drives: [] };
      });
      await scene.dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'fibonacci' }] });
      await scene.dap.until('continue');
      await scene.dap.topFrame();
      return outputOf(scene.dap, 'important', /is newer than/);
    },
    cause: /is newer than .*k\.elf, so the source lines shown may not match/,
    where: /calls\.c /,
    remedy: /Build the program again/,
  },
  {
    message: 'formatters/formatterFileIsWrong',
    provoke: noticed(
      { 'bad.natvis': BAD_NATVIS, 'k.elf': CALLS },
      { kernel: 'k.elf', visualizerFiles: ['bad.natvis'] },
      /bad\.natvis/,
    ),
    cause: /The file is not well-formed XML: the end tag "AutoVisualizer" does not match the start tag "Type"/,
    where: /bad\.natvis, line 3:/,
    remedy: /does not match the start tag/,
  },
  {
    message: 'symbols/debugInfoIsElsewhere',
    provoke: noticed(
      { 'k.elf': fs.readFileSync(fixture('split/v5.elf')) },
      { kernel: 'k.elf' },
      /k\.elf: /,
      'important',
      readType,
    ),
    cause: /its debug information is in other files, and .*\.dwo was not found/,
    where: /k\.elf: /,
    remedy: /add the folder of that file to "symbolPaths"/,
  },
  {
    message: 'symbols/supplementaryIsMissing',
    provoke: noticed(
      { 'k.elf': fs.readFileSync(fixture('dwz/v5.elf')) },
      { kernel: 'k.elf' },
      /k\.elf: /,
      'important',
      readType,
    ),
    cause: /part of its debug information is in .*, which was not found/,
    where: /k\.elf: /,
    remedy: /Add the folder of that file to "symbolPaths"/,
  },
  {
    message: 'symbols/debugInfoIsDamaged',
    provoke: noticed(
      { 'k.elf': damaged(CALLS, '.debug_info', 0xff) },
      { kernel: 'k.elf' },
      /k\.elf: /,
      'important',
      readType,
    ),
    cause: /is damaged \(.*Some lines or variables are missing/,
    where: /k\.elf: \.debug_info /,
    remedy: /Build it again/,
  },
  {
    message: 'symbols/expressionMeetsDamage',
    provoke: async (t) => {
      const scene = await started(t, (sandbox) => {
        sandbox.write('k.elf', damaged(CALLS, '.debug_abbrev', 0xff));
        return { kernel: 'k.elf', drives: [] };
      });
      return refusal(scene.dap, 'evaluate', { expression: 'fibonacci', context: 'watch' }, 'elsewhere');
    },
    cause: /cannot be evaluated: the debug information is damaged/,
    where: /^fibonacci .*\(\.debug_abbrev\)/,
    remedy: /Build the program again/,
  },
  {
    message: 'symbols/symbolIndexIsDamaged',
    provoke: noticed(
      { 'k.elf': damaged(fs.readFileSync(fixture('indexes/debug-names.elf')), '.debug_names', 0xff) },
      { kernel: 'k.elf' },
      /k\.elf: /,
      'important',
      readType,
    ),
    cause: /is damaged \(.* and is not used/,
    where: /k\.elf: \.debug_names /,
    remedy: /Finding names takes longer/,
  },
  {
    message: 'symbols/debugSectionIsCompressed',
    provoke: noticed(
      { 'k.elf': damaged(fs.readFileSync(fixture('flow-compressed.elf')), '.debug_info', 9) },
      { kernel: 'k.elf' },
      /k\.elf: /,
      'important',
      readType,
    ),
    cause: /uses an unsupported compression format/,
    where: /k\.elf: \.debug_info /,
    remedy: /Build with -gz=none/,
  },
  {
    message: 'symbols/symbolsHaveChanged',
    provoke: async (t) => {
      const scene = await started(t, (sandbox) => {
        sandbox.write('k.elf', CALLS);
        sandbox.write('large.elf', Buffer.concat([CALLS, Buffer.alloc(20 << 20)]));
        return { kernel: 'k.elf', symbols: ['large.elf'], drives: [] };
      });
      fs.utimesSync(scene.sandbox.path('large.elf'), 1000, 1000);
      await readType(scene);
      return outputOf(scene.dap, 'important', /large\.elf/);
    },
    cause: /has changed since the session started/,
    where: /large\.elf /,
    remedy: /Restart the session/,
  },
  {
    message: 'symbols/valueIsOptimizedOut',
    provoke: async (t) => {
      const scene = await started(t, (sandbox) => {
        sandbox.write('k.elf', fs.readFileSync(fixture('values/optimized-v5.elf')));
        return { kernel: 'k.elf', drives: [] };
      });
      await scene.dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'stop' }] });
      await scene.dap.until('continue');
      const { stackFrames } = await scene.dap.request('stackTrace', { threadId: 1 });
      const frameId = stackFrames.find(({ name }: { name: string }) => name === 'pointers').id as number;
      return refusal(scene.dap, 'evaluate', { expression: 'result + 1', frameId, context: 'watch' }, 'elsewhere');
    },
    cause: /is optimized out here/,
    where: /^result /,
    remedy: /Go to a position at which it has a value, or build with less optimization/,
  },
];

function fixture(name: string): string {
  return path.resolve(import.meta.dirname, '../../engine/symbols/fixtures', name);
}

// --- gdb -------------------------------------------------------------------------------------------------------------

/** A server that listens until the end of the test. */
async function listening(t: TestContext, at: { port: number } | { path: string }): Promise<net.Server> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen('port' in at ? { port: 0, host: '127.0.0.1' } : at, resolve));
  t.after(() => void server.close());
  return server;
}

/** A session with a gdb server, and a gdb client that is connected to it. */
async function withGdb(t: TestContext): Promise<Scene & { gdb: GdbClient }> {
  const scene = await started(t, { gdbServer: 0 });
  const printed = scene.dap.events.flatMap(({ event, body }) => (event === 'output' ? [body.output as string] : []));
  const gdb = await GdbClient.connect(Number(/127\.0\.0\.1:(\d+)/.exec(printed.join(''))![1]));
  t.after(() => gdb.break());
  return { ...scene, gdb };
}

/** Sends a packet that must fail, and returns the message in the error reply, which gdb would print. */
const gdbSays =
  (packet: string, act = (_scene: Scene & { gdb: GdbClient }) => Promise.resolve()) =>
  async (t: TestContext): Promise<Shown> => {
    const scene = await withGdb(t);
    await act(scene);
    const reply = await scene.gdb.ask(packet);
    return { text: /^E\.(.*)$/s.exec(reply)?.[1] ?? `no error: ${reply}` };
  };

/** Sends a monitor command, and returns the text that gdb would print, decoded from hexadecimal digits. */
const monitorSays =
  (command: string) =>
  async (t: TestContext): Promise<Shown> => {
    const { gdb } = await withGdb(t);
    let text = '';
    gdb.send(`qRcmd,${Buffer.from(command).toString('hex')}`);
    for (let reply = await gdb.reply(); reply !== 'OK'; reply = await gdb.reply()) {
      text += Buffer.from(reply.replace(/^O/, ''), 'hex').toString();
      if (!reply.startsWith('O')) break;
    }
    return { text };
  };

const socketAt =
  (prepare: (t: TestContext, sandbox: Sandbox) => Promise<unknown>) =>
  async (t: TestContext): Promise<Shown> =>
    launchRefused(
      (sandbox) => ({ gdbServer: `unix:${sandbox.path('s')}` }),
      async (sandbox) => void (await prepare(t, sandbox)),
    )(t);

/** The gdb server. */
export const gdbRows: readonly Row[] = [
  {
    message: 'gdb/portInUse',
    provoke: async (t) => {
      const server = await listening(t, { port: 0 });
      return launchRefused({ gdbServer: (server.address() as net.AddressInfo).port })(t);
    },
    cause: /is in use by another program/,
    where: /^Port \d+ /,
    remedy: /set "gdbServer" to another port/,
  },
  {
    message: 'gdb/socketPathTaken',
    provoke: socketAt((_t, sandbox) => Promise.resolve(sandbox.write('s', 'mine'))),
    cause: /exists and is not a socket from an earlier session/,
    where: /\/s /,
    remedy: /Set "gdbServer" to another path/,
  },
  {
    message: 'gdb/socketInUse',
    provoke: socketAt((t, sandbox) => listening(t, { path: sandbox.path('s') })),
    cause: /Another program is listening/,
    where: /on the socket .*\/s\./,
    remedy: /set "gdbServer" to another path/,
  },
  {
    message: 'gdb/socketPathTooLong',
    provoke: launchRefused({ gdbServer: `unix:/tmp/${'s'.repeat(200)}` }),
    cause: /is too long for a socket: at most \d+ bytes/,
    where: /The path "\/tmp\/s/,
    remedy: /Set "gdbServer" to a shorter path/,
  },
  {
    message: 'gdb/editorRuns',
    provoke: gdbSays('m80000000,4', async ({ dap, gdb }) => {
      await gdb.ask('?');
      await dap.until('next');
      await dap.request('continue', { threadId: 1 });
    }),
    cause: /The editor is running/,
    where: /the machine/,
    remedy: /Pause it there first/,
  },
  {
    message: 'gdb/csrsAreReadOnly',
    provoke: gdbSays('P341=0000000000000000'),
    cause: /cannot be written/,
    where: /^CSRs and the privilege level/,
    remedy: /Only x1 to x31, pc and memory can be written/,
  },
  {
    message: 'gdb/cannotResumeAt',
    provoke: gdbSays('c80000000'),
    cause: /can only resume at its current pc/,
    where: /^The machine/,
    remedy: /set the pc register first/,
  },
  {
    message: 'gdb/monitorTexts.unknown',
    provoke: monitorSays('rewind'),
    cause: /Unknown monitor command/,
    where: /"rewind"/,
    remedy: /monitor help/,
  },
  {
    message: 'gdb/monitorTexts.positionNeeded',
    provoke: monitorSays('goto'),
    cause: /Usage: monitor goto POSITION/,
    where: /goto/,
    remedy: /for example: monitor goto 1_000_000/,
  },
];
