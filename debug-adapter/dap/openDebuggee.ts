import {
  withAllowedPaths,
  type SnapshotPace,
  ConsoleInput,
  type Host,
  type IdleClock,
  limits,
  LiveInputs,
  type LiveSetup,
  type Notice,
  openRecord,
  openReplay,
  openRun,
  openSymbolFiles,
  readFormatters,
  RealtimeIdle,
  SharedFolder,
  type SymbolFileOptions,
  type Timeline,
  TRAVEL_BUDGET,
  type TravelBudget,
  UserError,
} from '../engine/index.ts';
import { launchWouldOverwrite } from '../messages/dap.ts';
import { Debuggee } from './debuggee.ts';
import type { GuestConsole } from './guestConsole.ts';
import type { LaunchConfiguration } from './launchConfiguration.ts';

/** The resources outside the engine that are needed to open a session. */
export interface DebuggeeEnvironment {
  host: Host;
  idleClock: IdleClock;
  /** Creates the schedule of automatic snapshots for one recording. */
  makePaces: () => { pace: SnapshotPace; cachePace: SnapshotPace };
  /** blkreplay's version, for the recording's header. */
  version: string;
}

/**
 * Opens the files of a launch configuration. Symbols are opened first, so that no files are created if opening the
 * symbols fails.
 */
export function openDebuggee(
  environment: DebuggeeEnvironment,
  configuration: LaunchConfiguration,
  console: GuestConsole,
  onNotice: (notice: Notice) => void,
): Debuggee {
  const { host, forget } = cachingReads(environment.host);
  const groups = configuration.noDebug ? [] : openGroups(host, configuration, onNotice);
  try {
    const keys = configuration.rr === 'replay' ? undefined : new ConsoleInput();
    console.target = configuration.console;
    const timeline = openTimeline({ ...environment, host }, configuration, { keys, console, onNotice });
    console.recorded = timeline.consoleOutput?.();
    return new Debuggee({ timeline, groups, configuration, keys, files: environment.host.files, onNotice });
  } catch (error) {
    throw withOverwriteSetting(error, configuration);
  } finally {
    forget();
  }
}

function openGroups(host: Host, configuration: LaunchConfiguration, onNotice: (notice: Notice) => void) {
  const { visualizerFiles, workspaceVisualizerFiles } = configuration;
  const formatters = readFormatters(host, [...new Set([...visualizerFiles, ...workspaceVisualizerFiles])], onNotice);
  return openSymbolFiles(host, { ...symbolFilesOf(configuration), formatters }, onNotice);
}

const symbolFilesOf = (configuration: LaunchConfiguration): SymbolFileOptions => ({
  boot: configuration,
  memoryBytes: configuration.memoryBytes ?? limits.MEMORY_BYTES_DEFAULT,
  rrfile: configuration.rr === 'replay' ? configuration.rrfile : undefined,
  symbols: configuration.symbols,
  folders: { workspace: configuration.cwd, symbolPaths: configuration.symbolPaths },
});

/**
 * Caches the contents of files until `forget` is called, so that a build that replaces a file in the meantime has no
 * effect.
 */
function cachingReads(host: Host): { host: Host; forget: () => void } {
  let read: Map<string, Uint8Array> | undefined = new Map();
  const readWhole: Host['files']['readWhole'] = (path, maxBytes) => {
    const bytes = read?.get(path) ?? host.files.readWhole(path, maxBytes);
    read?.set(path, bytes);
    return bytes;
  };
  return { host: { ...host, files: { ...host.files, readWhole } }, forget: () => (read = undefined) };
}

function openTimeline(
  { host, idleClock, makePaces, version }: DebuggeeEnvironment,
  configuration: LaunchConfiguration,
  { keys, console, onNotice }: { keys?: ConsoleInput; console: GuestConsole; onNotice: (notice: Notice) => void },
): Timeline {
  const { rr, rrfile, rrsnapshot, drives, append, memoryBytes, harts, idle } = configuration;
  const { kernel, kernelAddress, bios, initrd, load, dtb } = configuration;
  const { rng, rngSeed, noReboot, semihosting } = configuration;
  const machine = {
    ...{ kernel, kernelAddress, bios, initrd, load, dtb },
    ...{ drives, rng, rngSeed, noReboot, semihosting },
    travelBudget: travelBudget(configuration),
    onConsoleByte: console.onConsoleByte,
    onNotice,
  };
  const workspace = withAllowedPaths(host, [configuration.cwd]);
  const { pace, cachePace } = makePaces();
  if (rr === 'replay') {
    return openReplay(workspace, { ...machine, rrfile, rrsnapshot, append, memoryBytes, harts, cachePace });
  }
  const typed = keys ? [keys] : [];
  const setup: LiveSetup = {
    ...machine,
    append: append ?? '',
    memoryBytes: memoryBytes ?? limits.MEMORY_BYTES_DEFAULT,
    harts: harts ?? limits.HARTS_DEFAULT,
    idle,
    live: new LiveInputs(
      idle === 'realtime'
        ? [...typed, new RealtimeIdle(idleClock, { waitsForKeys: true, beforeSleep: () => console.flush() })]
        : typed,
      host,
      semihosting ? new SharedFolder(host, configuration.cwd) : undefined,
    ),
    otherInputs: configuration.symbols.map(({ file }) => file),
    overwrite: configuration.overwrite === 'always',
  };
  if (rr === 'off') return openRun(workspace, setup);
  return openRecord(workspace, {
    ...setup,
    rrfile,
    rrsnapshot,
    version,
    pace,
    cachePace,
    ...snapshotSpace(configuration),
  });
}

const travelBudget = ({ snapshotMemoryBytes }: LaunchConfiguration): TravelBudget =>
  snapshotMemoryBytes === null ? TRAVEL_BUDGET : { ...TRAVEL_BUDGET, memoryBytes: snapshotMemoryBytes };

const snapshotSpace = ({ snapshotSpaceBytes: bytes }: LaunchConfiguration) =>
  bytes === null ? {} : { snapshotBudget: { bytes } };

/**
 * Replaces the errors `overlay-exists` and `recording-exists` with a single error, because the launch configuration's
 * `overwrite` setting applies to both files.
 */
function withOverwriteSetting(error: unknown, { overwrite }: LaunchConfiguration): unknown {
  const exists = error instanceof UserError && (error.code === 'overlay-exists' || error.code === 'recording-exists');
  return exists ? launchWouldOverwrite(error, { isAsk: overwrite === 'ask' || overwrite === 'keepBoth' }) : error;
}
