import {
  allowing,
  ConsoleInput,
  type Host,
  type IdleClock,
  LiveInputs,
  type LiveSetup,
  openRecord,
  openReplay,
  openRun,
  openSymbols,
  RealtimeIdle,
  RecordingReader,
  type Symbols,
  type Timeline,
  UserError,
} from '../engine/index.ts';
import { launchWouldOverwrite } from '../engine/errors/dap.ts';
import { Debuggee } from './debuggee.ts';
import type { GuestConsole } from './guestConsole.ts';
import type { LaunchConfiguration } from './launchConfiguration.ts';

/** Opens what a launch configuration names. Symbols come first: a mistake there creates no file. */
export interface Surroundings {
  host: Host;
  idleClock: IdleClock;
  /** Of blkreplay, for the recording's header. */
  version: string;
}

export function openDebuggee(
  surroundings: Surroundings,
  configuration: LaunchConfiguration,
  console: GuestConsole,
): Debuggee {
  const symbols = configuration.noDebug ? [] : allSymbols(surroundings.host, configuration);
  try {
    const keys = configuration.rr === 'replay' ? undefined : new ConsoleInput();
    console.goesTo = configuration.console;
    const timeline = openTimeline(surroundings, configuration, { keys, onConsoleByte: console.onConsoleByte });
    const exists = (path: string) => surroundings.host.files.exists(path);
    return new Debuggee({ timeline, symbols, configuration, keys, exists });
  } catch (error) {
    throw aboutOverwriting(error, configuration);
  }
}

const ELF_BYTES_MAX = 1 << 30;

/**
 * A kernel may be a Linux Image, which has no symbols; what is named as symbols must have some. A replay that names no
 * kernel has the recorded one.
 */
function allSymbols(host: Host, configuration: LaunchConfiguration): Symbols[] {
  const { kernel, bios, symbols } = configuration;
  const fromFile = (name: string) => ({ name, bytes: host.files.readWhole(name, ELF_BYTES_MAX) });
  const open = (file: { name: string; bytes: Uint8Array }) => openSymbols({ ...file, compression: host.compression });
  const named = [kernel, bios].flatMap((name) => (name === null ? [] : fromFile(name)));
  const recorded = configuration.rr === 'replay' && kernel === null ? [recordedKernel(host, configuration)] : [];
  const boot = [...recorded, ...named].flatMap((file) => {
    try {
      return [open(file)];
    } catch (error) {
      if (error instanceof UserError && error.code.startsWith('symbols-')) return [];
      throw error;
    }
  });
  return [...boot, ...symbols.map((name) => open(fromFile(name)))];
}

function recordedKernel(host: Host, { rrfile }: LaunchConfiguration): { name: string; bytes: Uint8Array } {
  const file = host.files.open(rrfile, { write: false, create: 'never' });
  try {
    return new RecordingReader(file, host.compression).bootFile('kernel');
  } finally {
    file.close();
  }
}

const MEMORY_BYTES = 128 << 20;

function openTimeline(
  { host, idleClock, version }: Surroundings,
  configuration: LaunchConfiguration,
  { keys, onConsoleByte }: { keys?: ConsoleInput; onConsoleByte: LiveSetup['onConsoleByte'] },
): Timeline {
  const { rr, rrfile, rrsnapshot, bios, initrd, drives, append, memoryBytes, idle } = configuration;
  const machine = {
    ...{ bios, initrd, drives },
    onConsoleByte,
  };
  const workspace = allowing(host, [configuration.cwd]);
  if (rr === 'replay') return openReplay(workspace, { ...machine, rrfile, rrsnapshot, append, memoryBytes });
  const typed = keys ? [keys] : [];
  const setup: LiveSetup = {
    ...machine,
    kernel: configuration.kernel!,
    append: append ?? '',
    memoryBytes: memoryBytes ?? MEMORY_BYTES,
    idle,
    live: new LiveInputs(idle === 'realtime' ? [...typed, new RealtimeIdle(idleClock, { waitsForKeys: true })] : typed),
    otherInputs: configuration.symbols,
    overwrite: configuration.overwrite === 'always',
  };
  if (rr === 'off') return openRun(workspace, setup);
  return openRecord(workspace, { ...setup, rrfile, rrsnapshot, version });
}

/** The engine speaks of the command line's option; here it is a setting. */
function aboutOverwriting(error: unknown, { overwrite }: LaunchConfiguration): unknown {
  if (!(error instanceof UserError) || !['overlay-exists', 'recording-exists'].includes(error.code)) return error;
  return launchWouldOverwrite({ why: error.message.split(': name another')[0], isAsk: overwrite === 'ask' });
}
