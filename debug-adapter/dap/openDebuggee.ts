import {
  type Host,
  type IdleClock,
  LiveInputs,
  type LiveSetup,
  openRecord,
  openReplay,
  openRun,
  openSymbols,
  RealtimeIdle,
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
    const timeline = openTimeline(surroundings, configuration, console);
    return new Debuggee({ timeline, symbols, configuration, exists: (path) => surroundings.host.files.exists(path) });
  } catch (error) {
    throw aboutOverwriting(error, configuration);
  }
}

const ELF_BYTES_MAX = 1 << 30;

/** A kernel may be a Linux Image, which has no symbols; what is named as symbols must have some. */
function allSymbols(host: Host, { kernel, bios, symbols }: LaunchConfiguration): Symbols[] {
  const open = (name: string) =>
    openSymbols({ name, bytes: host.files.readWhole(name, ELF_BYTES_MAX), compression: host.compression });
  const boot = [kernel, bios].flatMap((name) => {
    if (name === null || name === 'none' || name === 'builtin') return [];
    try {
      return [open(name)];
    } catch (error) {
      if (error instanceof UserError && error.code.startsWith('symbols-')) return [];
      throw error;
    }
  });
  return [...boot, ...symbols.map(open)];
}

const MEMORY_BYTES = 128 << 20;
const FIRST_SNAPSHOT = 'replay_init';

function openTimeline(
  { host, idleClock, version }: Surroundings,
  configuration: LaunchConfiguration,
  console: GuestConsole,
): Timeline {
  const { rr, rrfile, rrsnapshot, bios, initrd, drives, append, memoryBytes, idle, rng } = configuration;
  const machine = {
    ...{ bios, initrd, drives, rng },
    onConsoleByte: (byte: number, position: number) => console.byte(byte, position),
  };
  if (rr === 'replay') return openReplay(host, { ...machine, rrfile, rrsnapshot, append, memoryBytes });
  const setup: LiveSetup = {
    ...machine,
    kernel: configuration.kernel!,
    append: append ?? '',
    memoryBytes: memoryBytes ?? MEMORY_BYTES,
    idle,
    live: new LiveInputs(idle === 'realtime' ? [new RealtimeIdle(idleClock)] : [], host),
    otherInputs: configuration.symbols,
    overwrite: configuration.overwrite === 'always',
  };
  if (rr === 'off') return openRun(host, setup);
  return openRecord(host, { ...setup, rrfile, rrsnapshot: rrsnapshot ?? FIRST_SNAPSHOT, version });
}

/** The engine speaks of the command line's option; here it is a setting. */
function aboutOverwriting(error: unknown, { overwrite }: LaunchConfiguration): unknown {
  if (!(error instanceof UserError) || !['overlay-exists', 'recording-exists'].includes(error.code)) return error;
  return launchWouldOverwrite({ why: error.message.split(': name another')[0], isAsk: overwrite === 'ask' });
}
