import path from 'node:path';
import { Sandbox } from '../../support/cli.ts';
import { inputNotInReplay } from '../../../debug-adapter/messages/dap.ts';
import { demoLaunch } from '../../support/dapClient.ts';
import './fakeVscodeModule.ts';
import { state, window, workspace } from './fakeVscode.ts';
import type { Row, Shown } from './rows.ts';
import { shows } from './notifications.ts';

const { openLink } = await import('../../../extension/start/openLink.ts');
const { registerResume } = await import('../../../extension/start/resume.ts');
const { registerPositions } = await import('../../../extension/commands/goToPosition.ts');
const { registerEventBreakpoints } = await import('../../../extension/commands/eventBreakpoints.ts');
const { ConfigurationProvider } = await import('../../../extension/configuration/configurationProvider.ts');
const { GuestTerminal } = await import('../../../extension/console/guestTerminal.ts');
const { registerSample } = await import('../../../extension/start/openSample.ts');
const { OverlayCommands } = await import('../../../extension/overlays/overlayCommands.ts');
const { importQemu } = await import('../../../extension/qemuImport/importQemu.ts');

const link = (query: string, at = '/open') =>
  shows('error', () => openLink(undefined as never, { path: at, query } as never));

const SESSION = {
  configuration: { name: 'Demo' },
  customRequest: (command: string) =>
    Promise.resolve(command === 'blkreplay/overview' ? { drives: state.typed === 'no drives' ? [] : [DRIVE] } : {}),
};
const DRIVE = { id: 'hd0', chain: [{ virtualBytes: 512 * 8 }], files: [], lengthBytes: 512 * 8 };
const POSITION = { start: 0, end: 100, position: 5, isRunning: false };

/** Runs a command of the extension, with or without an active session, and types `typed` into its input box. */
const command =
  (name: string, { isRunning, typed = '', stored }: { isRunning: boolean; typed?: string; stored?: object }) =>
  async () => {
    const never = () => ({ dispose: () => {} });
    const sessions = {
      current: isRunning ? SESSION : undefined,
      positionOf: () => POSITION,
      onPosition: never,
      onEnded: never,
    };
    const memento = { get: (key: string) => (key === 'resume' ? stored : undefined), update: () => Promise.resolve() };
    registerPositions(sessions as never);
    registerEventBreakpoints(
      { workspaceState: memento } as never,
      sessions as never,
      { onInitialized: never } as never,
    );
    registerResume({ workspaceState: memento } as never, sessions as never);
    state.typed = typed;
    await state.commands.get(name)!();
  };

/** Types into the guest's terminal, and returns what the terminal then shows. */
const types = (prepare: (terminal: InstanceType<typeof GuestTerminal>) => void) => async (): Promise<Shown> => {
  const session = { ...SESSION, customRequest: () => Promise.reject(new Error(inputNotInReplay().message)) };
  const terminal = new GuestTerminal(session as never);
  let printed = '';
  terminal.onDidWrite((text) => (printed += text));
  terminal.open(undefined);
  prepare(terminal);
  terminal.handleInput('x');
  await new Promise((resolve) => setImmediate(resolve));
  return { text: printed };
};

/** Takes a snapshot with the given name. */
async function takeSnapshot(typed: string): Promise<void> {
  state.typed = typed;
  const sessions = { current: SESSION, positionOf: () => POSITION };
  const view = { overview: () => ({ snapshots: [{ name: 'taken' }] }), refresh: () => {} };
  const parts = { sessions, view, recordings: undefined };
  await new OverlayCommands(parts as never).takeSnapshot();
}

/** Starts a session whose configuration has an error. */
const start = (change: object) =>
  shows('error', async (t) => {
    const launch = { ...demoLaunch(new Sandbox(t), change), type: 'blkreplay', request: 'launch', name: 'Demo' };
    await new ConfigurationProvider().resolveDebugConfigurationWithSubstitutedVariables(undefined, launch);
  });

const imported = (text: string) =>
  shows('error', async () => {
    workspace.workspaceFolders = [{ uri: {} }];
    try {
      await importQemu(() => Promise.resolve(), text);
    } finally {
      workspace.workspaceFolders = [];
    }
  });

/** Imports from the file in the active editor, which is the only one that contains a command. */
const importedFromEditor = (name: string, text: string) =>
  shows('error', async (t) => {
    const file = new Sandbox(t).path(name);
    const uri = { scheme: 'file', fsPath: file, path: file };
    workspace.workspaceFolders = [{ uri: { fsPath: path.dirname(file) } }];
    window.activeTextEditor = { document: { uri, getText: () => text }, selection: { isEmpty: true } };
    try {
      await importQemu(() => Promise.resolve());
    } finally {
      Object.assign(workspace, { workspaceFolders: [] });
      window.activeTextEditor = undefined;
    }
  });

const LAUNCH = /"Demo" cannot start/;

/** The extension's own messages, as opposed to errors from the debug adapter. */
export const extensionRows: readonly Row[] = [
  {
    message: 'extension/settingInLaunch',
    provoke: start({ memory: '3M' }),
    cause: /cannot start\. Invalid value "3M"/,
    where: /^"Demo".*"memory"/,
    remedy: /expected 16M to 2G/,
  },
  {
    message: 'extension/fileMissing',
    provoke: start({ kernel: 'absent.elf' }),
    cause: LAUNCH,
    where: /"kernel": .*absent\.elf does not exist/,
    remedy: /Build it or copy it there, or specify another file/,
  },
  {
    message: 'extension/recordingMissing',
    provoke: start({ rr: 'replay', rrfile: 'absent.rr' }),
    cause: LAUNCH,
    where: /"rrfile": .*absent\.rr does not exist/,
    remedy: /Record it first/,
  },
  {
    message: 'extension/overlayMissing',
    provoke: shows('error', async (t) => {
      const sandbox = new Sandbox(t);
      sandbox.write('demo.rr', '');
      const launch = { ...demoLaunch(sandbox, { rr: 'replay' }), type: 'blkreplay', request: 'launch', name: 'Demo' };
      await new ConfigurationProvider().resolveDebugConfigurationWithSubstitutedVariables(undefined, launch);
    }),
    cause: LAUNCH,
    where: /"drives\[0\]\.overlay": the overlay .*hd0\.qcow2 does not exist/,
    remedy: /Record first with "rr": "record"/,
  },
  {
    message: 'extension/noSession',
    provoke: shows('information', command('blkreplay.goToPosition', { isRunning: false })),
    cause: /No blkreplay session/,
    where: /session is running/,
    remedy: /Press F5 to start one/,
  },
  {
    message: 'extension/positionUnclear',
    provoke: shows('input', command('blkreplay.goToPosition', { isRunning: true, typed: 'soon' })),
    cause: /Enter a position/,
    where: /position/,
    remedy: /such as 12,345,678, "start", "end"/,
  },
  {
    message: 'extension/positionOutside',
    provoke: shows('input', command('blkreplay.goToPosition', { isRunning: true, typed: '101' })),
    cause: /Enter a position/,
    where: /position/,
    remedy: /from 0 to 100/,
  },
  {
    message: 'extension/noDrives',
    provoke: shows('information', command('blkreplay.breakOnDiskAccess', { isRunning: true, typed: 'no drives' })),
    cause: /has no drives/,
    where: /The machine/,
    remedy: /Add one to "drives" in launch\.json/,
  },
  {
    message: 'extension/sectorsUnclear',
    provoke: shows('input', command('blkreplay.breakOnDiskAccess', { isRunning: true, typed: 'some' })),
    cause: /Enter a sector/,
    where: /sector/,
    remedy: /such as 8, or a range such as 8-15/,
  },
  {
    message: 'extension/consoleTextEmpty',
    provoke: shows('input', command('blkreplay.breakOnConsoleText', { isRunning: true })),
    cause: /Enter the text/,
    where: /text/,
    remedy: /to wait for/,
  },
  {
    message: 'extension/consoleTextTooLong',
    provoke: shows('input', command('blkreplay.breakOnConsoleText', { isRunning: true, typed: 'x'.repeat(100_000) })),
    cause: /Enter at most/,
    where: /bytes/,
    remedy: /at most \d+ bytes/,
  },
  {
    message: 'extension/noEventBreakpoints',
    provoke: shows('information', command('blkreplay.removeEventBreakpoints', { isRunning: true })),
    cause: /has no breakpoints on disk access or console text/,
    where: /This session/,
    remedy: /Break on Disk Access/,
  },
  {
    message: 'extensionStart/linkTexts.unknown',
    provoke: link('', '/close'),
    cause: /cannot be opened/,
    where: /The link to "\/close"/,
    remedy: /starts with vscode:\/\/blkreplay\.blkreplay\/open/,
  },
  {
    message: 'extensionStart/linkTexts.recordingMissing',
    provoke: link(''),
    cause: /does not specify a recording/,
    where: /The link/,
    remedy: /Add the parameter "recording"/,
  },
  {
    message: 'extensionStart/linkTexts.notLocal',
    provoke: link('recording=a.rr'),
    cause: /is not an absolute path/,
    where: /"a\.rr"/,
    remedy: /Copy the recording to this computer and change the link/,
  },
  {
    message: 'extensionStart/linkTexts.badPosition',
    provoke: link(`recording=${path.resolve('a.rr')}&position=soon`),
    cause: /the invalid position "soon"/,
    where: /The link/,
    remedy: /A position is a whole number/,
  },
  {
    message: 'extensionStart/linkTexts.missing',
    provoke: link(`recording=${path.resolve('absent.rr')}`),
    cause: /does not exist/,
    where: /absent\.rr/,
    remedy: /Copy the recording there and open the link again/,
  },
  {
    message: 'extensionStart/resumeTexts.nothing',
    provoke: shows('information', command('blkreplay.resumeReplay', { isRunning: false })),
    cause: /There is no session to resume/,
    where: /in this folder/,
    remedy: /Press F5 to start one/,
  },
  {
    message: 'qemuImport/qemuErrors.noCommand',
    provoke: imported('ls -l'),
    cause: /contains no qemu-system-riscv64 command/,
    where: /The command line was not imported\. The text/,
    remedy: /Copy the whole command/,
  },
  {
    message: 'qemuImport/qemuErrors.openQuote',
    provoke: imported('qemu-system-riscv64 -kernel "a'),
    cause: /contains an opening " without a closing one/,
    where: /The command line/,
    remedy: /Copy the whole command/,
  },
  {
    message: 'qemuImport/qemuErrors.tooLong',
    provoke: imported('qemu-system-riscv64 ' + 'x'.repeat(3_000_000)),
    cause: /is longer than \d+ characters/,
    where: /The text/,
    remedy: /Select only the command/,
  },
  {
    message: 'qemuImport/qemuErrors.commandTooLong',
    provoke: importedFromEditor('Makefile', `A = ${'x'.repeat(20_000)}\nrun:\n\tqemu-system-riscv64 -a $(A)$(A)\n`),
    cause: /After its variables are expanded, the command line is longer than 32000 characters/,
    where: /The command line was not imported/,
    remedy: /Shorten it, or add the configuration to launch\.json manually/,
  },
  {
    message: 'qemuImport/importQemuNoFolder',
    provoke: shows('warning', () => importQemu(() => Promise.resolve(), 'qemu-system-riscv64')),
    cause: /Open a folder first/,
    where: /its launch\.json/,
    remedy: /Open a folder/,
  },
  ...(
    [
      ['snapshotNameEmpty', ' ', /a name/],
      ['snapshotNameReserved', 'auto-1', /"auto-"/],
      ['snapshotNameUnusable', 'a\nb', /A name/],
      ['snapshotNameTaken', 'taken', /"taken"/],
    ] as const
  ).map(([name, typed, where]) => ({
    message: `extension/${name}`,
    provoke: shows('input', () => takeSnapshot(typed)),
    cause: /^Enter|are reserved|can be at most|already exists/,
    where,
    remedy: /Enter a name|Choose another name/,
  })),
  {
    message: 'extension/sectorsOutside',
    provoke: shows('input', command('blkreplay.breakOnDiskAccess', { isRunning: true, typed: '8' })),
    cause: /Enter sectors/,
    where: /sectors/,
    remedy: /from 0 to 7/,
  },
  {
    message: 'extension/noKernelFound',
    provoke: shows('information', () =>
      new ConfigurationProvider().resolveDebugConfiguration(
        { uri: { fsPath: path.resolve('.') } } as never,
        {} as never,
      ),
    ),
    cause: /No RISC-V ELF file was found/,
    where: /in this folder/,
    remedy: /Set "kernel" in launch\.json/,
  },
  {
    message: 'extensionStart/resumeTexts.recordingMissing',
    provoke: shows('error', async (t) => {
      const configuration = { ...demoLaunch(new Sandbox(t)), name: 'Demo', rr: 'replay', type: 'blkreplay' };
      const stored = { configuration, position: 5, hasEnded: true };
      await command('blkreplay.resumeReplay', { isRunning: false, stored })();
    }),
    cause: /no longer exists, so the session cannot be resumed/,
    where: /demo\.rr /,
    remedy: /Record again/,
  },
  {
    message: 'qemuImport/launchNotWritten',
    provoke: shows('error', async () => {
      const { openTextDocument } = workspace;
      workspace.workspaceFolders = [{ uri: {} }];
      Object.assign(workspace, {
        fs: { stat: () => Promise.resolve() },
        openTextDocument: () => Promise.resolve({ getText: () => '{ "configurations": [' }),
      });
      try {
        await importQemu(() => Promise.resolve(), 'qemu-system-riscv64 -M virt -kernel a.elf');
      } finally {
        Object.assign(workspace, { openTextDocument, workspaceFolders: [] });
      }
    }),
    cause: /its brackets do not match/,
    where: /^launch\.json /,
    remedy: /Correct it, then import the command line again/,
  },
  {
    message: 'extension/typingRefused',
    provoke: types(() => {}),
    cause: /Input ignored/,
    where: /\[Input/,
    remedy: /To type, record a new run/,
  },
  {
    message: 'extension/typingInPast',
    provoke: types((terminal) => terminal.moveTo({ ...POSITION, isPast: true } as never)),
    cause: /Input ignored: you are viewing a past state/,
    where: /\[Input/,
    remedy: /To type, continue to the live end \(F5\)/,
  },
  {
    message: 'extension/consoleWithoutSession',
    provoke: types((terminal) => terminal.sessionEnded()),
    cause: /No session is running/,
    where: /session/,
    remedy: /Press F5 to start one/,
  },
  {
    message: 'extensionStart/sampleNotCopied',
    provoke: shows('error', async (t) => {
      const sandbox = new Sandbox(t);
      sandbox.write('storage', 'a file');
      const extension = { packageJSON: { version: '0.0.0' } };
      const context = {
        extension,
        globalStorageUri: { fsPath: sandbox.path('storage') },
        extensionPath: sandbox.folder,
      };
      registerSample(context as never);
      await state.commands.get('blkreplay.openSample')!();
    }),
    cause: /The sample could not be copied/,
    where: /to .*storage/,
    remedy: /Free some space or delete that folder, and then open the sample again/,
  },
];
