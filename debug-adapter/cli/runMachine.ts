import {
  advanceTo,
  withAllowedPaths,
  ConsoleInput,
  digestText,
  type End,
  endAtLiveEnd,
  newOutputOnly,
  type LiveSetup,
  LiveInputs,
  type Notice,
  openRecord,
  openReplay,
  openRun,
  RealtimeIdle,
  RunControl,
  Runner,
  SharedFolder,
  type Timeline,
  UserError,
} from '../engine/index.ts';
import { stopBeforeStart } from '../messages/cli.ts';
import { interactivePaces, TimedPace } from '../host/snapshotPace.ts';
import { optimizeEarly } from '../host/codeTiering.ts';
import { setTolerance, URGENCY } from '../host/interruption.ts';
import { nodeHost } from '../host/nodeHost.ts';
import { RealtimeIdleClock, wallClock } from '../host/wallClock.ts';
import { dumpDeviceTree } from './deviceTree.ts';
import { consoleOutput, messages } from './outputs.ts';
import { GdbSession } from './gdbSession.ts';
import type { LiveOptions, RecordCommand, ReplayCommand, RunCommand } from './options.ts';
import type { Interruption } from './interruption.ts';
import { summaryJson, summaryText } from './summary.ts';
import { errorLine } from '../messages/commandOutput.ts';
import { textFor } from '../messages/userError.ts';

type MachineCommand = RunCommand | RecordCommand | ReplayCommand;

const EXIT_INTERRUPTED = 130;

/**
 * Executes `run`, `record` and `replay`: opens the timeline, advances it in slices so that signals take effect, and
 * closes it properly regardless of how the run ends.
 */
export async function runMachine(
  command: MachineCommand,
  version: string,
  interruption: Interruption,
): Promise<number> {
  if (command.dumpdtb !== null) return dumpDeviceTree(command, command.dumpdtb);
  optimizeEarly();
  if (command.gdb?.kind === 'stdio') consoleOutput.useStderr();
  // Listen before creating files, so that no files are left behind if the address is unavailable.
  const gdb = command.gdb === null ? undefined : await GdbSession.listen(command.gdb);
  try {
    return await runOpened(open(command, version), command, interruption, gdb);
  } finally {
    gdb?.close();
  }
}

async function runOpened(
  timeline: Timeline,
  command: MachineCommand,
  interruption: Interruption,
  gdb: GdbSession | undefined,
): Promise<number> {
  // From here on, Ctrl-C ends the run and closes its files instead of aborting the process.
  setTolerance(URGENCY.asked);
  const started = wallClock.monotonicMilliseconds();
  let end: End;
  try {
    end = await runToEnd(timeline, command, interruption, gdb);
    consoleOutput.flush();
  } catch (error) {
    consoleOutput.flush();
    timeline.abandon();
    throw error;
  }
  const seconds = (wallClock.monotonicMilliseconds() - started) / 1000;
  const summary = {
    command: command.kind,
    end,
    position: timeline.position,
    instructions: instructionsOf(timeline),
    seconds,
    digest: command.json ? digestUnlessInterrupted(timeline) : undefined,
    snapshots: timeline.snapshots.list().map(({ name, position }) => ({ name, position })),
  };
  close(timeline, end);
  messages.print(command.json ? summaryJson(summary) : summaryText(summary));
  const isCut = command.json && summary.digest === undefined;
  return isCut ? EXIT_INTERRUPTED : exitStatus(end);
}

/** The total number of instructions that the harts have retired. */
function instructionsOf(timeline: Timeline): number {
  let sum = 0;
  for (let hart = 0; hart < timeline.harts.count; hart++) sum += timeline.harts.instructionsOf(hart);
  return sum;
}

/**
 * The digest of the machine state. Computing it may require reading every disk in full, so the user can interrupt the
 * computation; the result is then undefined.
 */
function digestUnlessInterrupted(timeline: Timeline): string | undefined {
  try {
    return digestText(timeline.digest());
  } catch (error) {
    if (error instanceof UserError && error.kind === 'interrupted') return undefined;
    throw error;
  }
}

function close(timeline: Timeline, end: End): void {
  setTolerance(URGENCY.hurry);
  try {
    timeline.close(end);
  } catch (error) {
    timeline.abandon();
    throw error;
  }
}

function open(command: MachineCommand, version: string): Timeline {
  const onConsoleByte = newOutputOnly((byte) => consoleOutput.byte(byte));
  const onNotice = (notice: Notice) => messages.print(errorLine(textFor(notice, 'cli')));
  const { kernel, kernelAddress, bios, initrd, load, dtb, drives, rng, rngSeed, noReboot, semihosting } = command;
  const machine = {
    ...{ kernel, kernelAddress, bios, initrd, load, dtb },
    ...{ drives, rng, rngSeed, noReboot, semihosting, onConsoleByte, onNotice },
  };
  const host = withAllowedPaths(nodeHost, command.allow);
  if (command.kind === 'replay') {
    const { rrfile, rrsnapshot, append, memoryBytes, harts } = command;
    const { cachePace } = command.gdb ? interactivePaces() : {};
    return openReplay(host, { ...machine, rrfile, rrsnapshot, append, memoryBytes, harts, cachePace });
  }
  const { append, memoryBytes, harts, idle, stdin, overwrite } = command;
  const live = liveInputs(command);
  const setup: LiveSetup = {
    ...machine,
    ...{ append, memoryBytes, harts, idle },
    ...{ live, otherInputs: stdin === null ? [] : [stdin], overwrite },
  };
  if (command.kind === 'run') return openRun(host, setup);
  const { rrfile, rrsnapshot, allSnapshots, snapshotSpaceBytes } = command;
  const paces = command.gdb ? interactivePaces() : { pace: new TimedPace() };
  return openRecord(host, {
    ...setup,
    rrfile,
    rrsnapshot,
    version,
    ...paces,
    ...(allSnapshots && { pace: undefined }),
    ...(snapshotSpaceBytes !== null && { snapshotBudget: { bytes: snapshotSpaceBytes } }),
  });
}

const STDIN_BYTES_MAX = 1 << 30;

function liveInputs({ stdin, idle, semihosting }: LiveOptions): LiveInputs {
  const consoleInputs = stdin === null ? [] : [new ConsoleInput(nodeHost.files.readWhole(stdin, STDIN_BYTES_MAX))];
  const idleInputs =
    idle === 'realtime'
      ? [new RealtimeIdle(new RealtimeIdleClock(), { beforeSleep: () => consoleOutput.flush() })]
      : [];
  const folder = semihosting ? new SharedFolder(nodeHost, '.') : undefined;
  return new LiveInputs([...consoleInputs, ...idleInputs], nodeHost, folder);
}

async function runToEnd(
  timeline: Timeline,
  { stopAt }: MachineCommand,
  interruption: Interruption,
  gdb: GdbSession | undefined,
): Promise<End> {
  const runner = makeRunner(timeline, interruption);
  const advance = (until: number) => advanceToEnd(timeline, runner, until, interruption);
  if (!gdb) return advance(stopAt ?? Infinity);
  if (stopAt !== null) await advance(stopAt);
  if (interruption.requested) return endAtLiveEnd(timeline);
  const leaveReason = await gdb.serve(timeline, runner, interruption);
  return leaveReason === 'detached' ? advance(Infinity) : endAtLiveEnd(timeline);
}

function makeRunner(timeline: Timeline, interruption: Interruption): Runner {
  const control = new RunControl();
  // The run ends if nothing reads its output anymore, except while gdb is running the machine, because gdb then decides
  // when the run ends.
  const isOutputLost = () =>
    consoleOutput.isClosed && control.state.kind === 'running' && control.state.owner !== 'gdb';
  return new Runner(timeline, control, {
    milliseconds: () => wallClock.monotonicMilliseconds(),
    // Gives the event loop a chance to deliver signals.
    letMessagesIn: () => new Promise(setImmediate),
    wantsPause: () => interruption.requested || isOutputLost(),
    showProgress: () => consoleOutput.flush(),
  });
}

async function advanceToEnd(
  timeline: Timeline,
  runner: Runner,
  stopAt: number,
  interruption: Interruption,
): Promise<End> {
  if (stopAt < timeline.position) throw stopBeforeStart({ stopAt, start: timeline.position });
  const reason = await runner.run(advanceTo(timeline, stopAt), { owner: 'commandLine', mode: 'slices' });
  if (reason.kind === 'ended') return reason.end;
  // The machine may have ended in the last slice. The recording must then contain this event, because the replay will
  // also end there.
  if (interruption.requested || consoleOutput.isClosed) return endAtLiveEnd(timeline);
  // The machine may have ended in the last step before `stopAt`.
  return timeline.advance(stopAt) ?? { reason: 'stopAt' };
}

function exitStatus({ reason, guestExit }: End): number {
  switch (reason) {
    case 'interrupted':
      return EXIT_INTERRUPTED;
    // A guest whose harts all wait forever has not reported a failure, but it has not succeeded either.
    case 'guestFailed':
    case 'waitsForever':
      return 1;
    default:
      return guestExit ? 1 : 0;
  }
}
