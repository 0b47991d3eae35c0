/** Each of gdb's reverse commands, started at a random position of a recording, stops at the correct position.
 *
 * The result is compared with an uninterrupted run of the same recording: the registers at the position that gdb
 * reports, and the code that ran between that position and the start of the move. BLKREPLAY_GDB_PLACES sets the number
 * of starting positions for each command (CI: 200).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import type { MachineTimeline } from '../../debug-adapter/engine/timeline/machineTimeline.ts';
import {
  openReplay,
  openSymbols,
  Session,
  stepForward,
  type StopPoints,
  type Symbols,
} from '../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { Sandbox } from '../support/cli.ts';
import { guest, SESSION } from '../support/guests.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { requireTool } from '../support/tools.ts';
import {
  type FunctionRange,
  functionsOf,
  GDB,
  type LineRow,
  lineTable,
  rangeAt,
  runGdb,
  serve,
  sessionIn,
} from './gdbSupport.ts';
import { type TracedInstruction, trace } from './trace.ts';
import { some, times } from '../support/extent.ts';

const PLACES = times({ quick: 1, long: 20 }, 'BLKREPLAY_GDB_PLACES');

const GUESTS = [
  { name: 'demo/demo', stdin: undefined },
  { name: 'kernel/oslet', stdin: SESSION },
];
const COMMANDS = ['reverse-stepi', 'reverse-step', 'reverse-next', 'reverse-finish', 'reverse-continue'] as const;

test(`gdb goes back correctly from ${PLACES} positions for each command`, { concurrency: 2 }, async (t) => {
  if (!requireTool(GDB, t)) return;
  // The guests are tested in parallel: while one gdb is running, the test checks the moves of another.
  await Promise.all(some(GUESTS, 1).map((guest) => t.test(guest.name, (t) => goBackOn(t, guest))));
});

async function goBackOn(t: TestContext, { name, stdin }: (typeof GUESTS)[number]): Promise<void> {
  const stage = await recorded(t, name, stdin);
  for (const command of COMMANDS) {
    await t.test(command, () => checkReverseCommand(t, stage, command));
  }
}

type Command = (typeof COMMANDS)[number];

interface Stage {
  elf: string;
  /**
   * In optimized code, the address ranges of lines are interleaved with each other and with inlined bodies, so the test
   * does not check which lines gdb passes.
   */
  isOptimised: boolean;
  random: SeededRandom;
  /** Starts a replay for gdb and returns its port. */
  listen: (t: TestContext) => Promise<number>;
  end: number;
  symbols: Symbols;
  lines: LineRow[];
  functions: FunctionRange[];
  straight: MachineTimeline;
  straightAgain: () => MachineTimeline;
}

/** The start and end of one of gdb's moves. */
interface Move {
  from: number;
  to: number;
  registers: bigint[];
  /** The line that gdb shows at the end of the move, such as `store.c:120`. */
  line: string | undefined;
  breakpoint: string | undefined;
  output: string;
}

async function recorded(t: TestContext, name: string, stdin?: string): Promise<Stage> {
  const sandbox = new Sandbox(t);
  const elf = guest(name);
  const options = sessionIn(sandbox, elf, stdin);
  const { position: end } = (await sandbox.cli(['record', ...options, '--json'])).summary;
  // A session locks its overlay, so each session has separate files.
  const straightIn = (copy: Sandbox): MachineTimeline => {
    const unsaid = { bios: null, initrd: null, append: null, memoryBytes: null, rrsnapshot: null };
    const overlay = copy.path('hd0.qcow2');
    const drives = [{ id: 'hd0', image: copy.path('disk.img'), format: 'raw', overlay, readOnly: false } as const];
    return openReplay(nodeHost, { ...unsaid, rrfile: copy.path('a.rr'), drives, onConsoleByte: () => {} });
  };
  const [forPlaces, forPasses] = [sandbox.copy(t), sandbox.copy(t)];
  const straight = straightIn(forPlaces);
  t.after(() => straight.abandon());
  const [lines, functions] = [lineTable(elf), functionsOf(elf)];
  assert.ok(lines.length > 100 && functions.length > 50);
  return {
    elf,
    isOptimised: name !== 'demo/demo',
    random: SeededRandom.forTest(t),
    listen: async (t) => (await serve(t, sandbox, ['replay', ...options])).port,
    end,
    symbols: openSymbols({ name: elf, bytes: readFileSync(elf) }),
    lines,
    functions,
    straight,
    straightAgain: () => straightIn(forPasses),
  };
}

async function checkReverseCommand(t: TestContext, stage: Stage, command: Command): Promise<void> {
  const positions = choosePlaces(stage, command);
  const started = performance.now();
  const moves = await movesOf(await stage.listen(t), stage, command, positions);
  t.diagnostic(`${command}: ${((performance.now() - started) / positions.length).toFixed(1)} ms each in gdb`);
  assert.equal(moves.length, positions.length);
  registersAreRight(stage, moves);
  for (const move of moves) {
    const description = `${command} from ${move.from} to ${move.to} (BLKREPLAY_SEED=${stage.random.seed}):\n${move.output}`;
    ORACLES[command](stage, move, description);
  }
}

// --- in gdb ------------------------------------------------------------------------------------------------------------

/**
 * Chooses random starting positions. For source-level commands, the next step must lead to code with line information.
 */
function choosePlaces(stage: Stage, command: Command): number[] {
  const positions: number[] = [];
  while (positions.length < PLACES) {
    const position = 1000 + stage.random.below(stage.end - 1000);
    // The guest spends most of its time in a few functions, so every second position is in a randomly chosen function.
    const isAnywhere = !goesBySource(command) || positions.length % 2 === 0;
    const location = isAnywhere ? position : positionInRandomFunction(stage, position);
    if (location !== undefined && (!goesBySource(command) || leadsToSource(stage, location))) positions.push(location);
  }
  return positions;
}

/**
 * Returns a position shortly after the next entry into a random function, or undefined if the function is not entered
 * soon.
 */
function positionInRandomFunction({ straight, random, functions, end }: Stage, position: number): number | undefined {
  complete(straight.travel!.seekTo(position));
  const until = Math.min(end, position + STEPS_TO_ENTRY_MAX);
  const stop = runTo(straight, until, entering(random.pick(functions).start));
  const location = straight.position + random.below(STEPS_BEHIND_ENTRY);
  return stop.kind === 'breakpoint' && location < end ? location : undefined;
}

const STEPS_TO_ENTRY_MAX = 1_000_000;
const STEPS_BEHIND_ENTRY = 40;

function leadsToSource({ straight, functions, lines }: Stage, position: number): boolean {
  const session = new Session(straight);
  complete(session.goTo(position));
  complete(stepForward(session));
  const { pc } = session.inspector;
  const location = rangeAt(functions, pc);
  const line = rangeAt(lines, pc);
  // gdb steps through assembly that is marked as a signal frame, to the interrupted code (see README.md).
  return location !== undefined && !NO_FRAMES.test(location.name) && line !== undefined && !line.file.endsWith('.S');
}

const goesBySource = (command: Command): boolean => command !== 'reverse-stepi' && command !== 'reverse-continue';

/** Functions whose frames gdb cannot finish. Most of these functions are written in assembly. */
const NO_FRAMES = /^(_start|trap|user_|kernel_trap|switch|trampoline|enter|return|main$)/;

async function movesOf(port: number, stage: Stage, command: Command, positions: readonly number[]): Promise<Move[]> {
  const { elf, random, functions } = stage;
  // If several functions have the same name (static functions in a header), gdb may choose a different one than
  // blkreplay.
  const isUnique = (name: string) => functions.filter((other) => other.name === name).length === 1;
  const breakpoints = functions.filter(({ name }) => !NO_FRAMES.test(name) && isUnique(name));
  const output = await runGdb({
    elf,
    port,
    commands: positions.flatMap((position) => {
      const { name } = random.pick(breakpoints);
      const isContinue = command === 'reverse-continue';
      return [
        ...[`monitor goto ${position}`, 'maintenance flush register-cache', 'maintenance flush dcache'],
        // gdb remembers which inlined bodies it last stopped in front of, even after `monitor goto`. After an
        // instruction step, it treats inlined bodies that start at its position as already entered.
        ...(goesBySource(command) ? ['stepi'] : []),
        ...(isContinue ? [`tbreak *${name}`, `echo @breakpoint ${name}\\n`] : []),
        ...['echo @from\\n', 'monitor position', command, 'echo @to\\n', 'monitor position', 'info registers'],
        ...['echo @line\\n', 'info line *$pc', 'delete'],
      ];
    }),
  });
  return output
    .split('@from\n')
    .slice(1)
    .map((part, i) => moveOf(part, output.split('@from\n')[i]));
}

function moveOf(part: string, before: string): Move {
  const [went, landed] = part.split('@to\n');
  const line = /@line\nLine (\d+) of "(?:.*\/)?(.*?)"/.exec(landed);
  const registers = [...landed.matchAll(/^(\w+) +0x([0-9a-f]+)/gm)]
    .slice(0, 32)
    .map((found) => BigInt(`0x${found[2]}`));
  return {
    from: parseInt(went),
    to: Number(/^(\d+)\nra /m.exec(landed)?.[1]),
    registers,
    line: line ? `${line[2]}:${line[1]}` : undefined,
    breakpoint: /@breakpoint (\w+)\n$/.exec(before)?.[1],
    output: part.slice(0, 600),
  };
}

// --- the uninterrupted run ---------------------------------------------------------------------------------------------

/** The line according to our own debug information reader. */
function ourLine({ symbols }: Stage, pc: bigint): string | undefined {
  const line = symbols.lineAt(pc);
  return line && `${line.file.path.split('/').at(-1)}:${line.line}`;
}

/** Checks the registers and the lines. */
function registersAreRight(stage: Stage, moves: readonly Move[]): void {
  const straight = stage.straightAgain();
  const { inspector } = new Session(straight);
  try {
    for (const { from, to, output } of moves) assert.ok(from >= 0 && to >= 0, output);
    for (const { to, registers, line, output } of [...moves].sort((a, b) => a.to - b.to)) {
      straight.advance(to);
      assert.equal(line, ourLine(stage, inspector.pc), `position ${to}: ${output}`);
      const right = [...Array.from({ length: 31 }, (_, i) => inspector.register(i + 1)), inspector.pc];
      assert.deepEqual(registers, right, `position ${to}, BLKREPLAY_SEED=${stage.random.seed}: ${output}`);
    }
  } finally {
    straight.abandon();
  }
}

type Oracle = (stage: Stage, move: Move, description: string) => void;

const ORACLES: Record<Command, Oracle> = {
  'reverse-stepi': (stage, { from, to }, description) => {
    assert.ok(to < from, description);
    // Apart from interrupts that were both entered and left, at most one instruction ran.
    const instructions = trace(stage.straight, to, from).filter(
      (instruction) => instruction.retires && !instruction.isInterrupt,
    );
    assert.ok(instructions.length <= 1, description);
  },

  'reverse-step': (stage, move, description) => {
    const way = tracedMoveOf(stage, move, description);
    if (!endsBody(stage, way)) startsLine(stage, way, description);
    if (!stage.isOptimised) passesNoLine(stage, way, description);
  },

  'reverse-next': (stage, move, description) => {
    const way = tracedMoveOf(stage, move, description);
    startsLine(stage, way, description);
    if (!stage.isOptimised) passesNoLine(stage, { ...way, ran: inFrameOfFirst(stage, way) }, description);
  },

  'reverse-finish': (stage, move, description) => {
    const { from, to } = move;
    const { straight } = stage;
    const { inspector } = new Session(straight);
    complete(straight.travel!.seekTo(from));
    const left = rangeAt(stage.functions, inspector.pc)!;
    const body = stage.symbols.inlinedAt(inspector.pc).at(0);
    complete(straight.travel!.seekTo(to));
    straight.advance(to + 1);
    if (body && inspector.pc !== left.start)
      return leavesBody(stage, tracedMoveOf(stage, move, description), { body, description });
    assert.equal(inspector.pc, left.start, `${description}: the instruction before is the call`);
    // gdb goes to the last entry into the function. In a recursive function, that may be an inner call that has
    // returned, because gdb's breakpoint at the entry does not check the frame (infcmd.c, finish_backward). Otherwise,
    // it is the call that created this frame.
    const isEnteredAgain = from > to + 1 && runTo(straight, from - 1, entering(left.start)).kind === 'breakpoint';
    if (!isEnteredAgain) return;
    const later = trace(straight, to + 2, from).filter((instruction) => !instruction.isInterrupt);
    assert.ok(!later.some(({ pc }) => pc === left.start), description);
  },

  'reverse-continue': (stage, { from, to, breakpoint }, description) => {
    const address = stage.functions.find(({ name }) => name === breakpoint)!.start;
    const { straight } = stage;
    complete(straight.travel!.seekTo(to));
    if (to === 0) assert.match(description, /No more reverse-execution history/);
    else assert.equal(new Session(straight).inspector.pc, address, description);
    // Between `to` and `from`, execution must not reach the address again.
    const stop = runTo(straight, from - 1, entering(address));
    assert.equal(stop.kind, 'reached', description);
    complete(straight.travel!.seekTo(0));
  },
};

function runTo(timeline: MachineTimeline, until: number, points: StopPoints) {
  timeline.arm(points);
  return complete(timeline.forward(until));
}

const entering = (address: bigint): StopPoints => ({ breakpoints: new Set([address]), watchpoints: [] });

// A line can run for tens of millions of steps, and a move's trace holds an object for each step.
const TRACED_STEPS_MAX = 500_000;

interface TracedMove {
  /**
   * The instructions outside interrupts, in order of execution; for a move of more than TRACED_STEPS_MAX steps, only
   * the first one.
   */
  ran: TracedInstruction[];
  /** The pc after the last instruction in `ran`. */
  after: bigint;
}

function tracedMoveOf({ straight }: Stage, { from, to }: Move, description: string): TracedMove {
  assert.ok(to < from, description);
  const isLong = from - to > TRACED_STEPS_MAX;
  const ran = trace(straight, to, isLong ? to + 1 : from).filter((instruction) => !instruction.isInterrupt);
  assert.ok(ran.length > 0, description);
  return { ran, after: new Session(straight).inspector.pc };
}

function inFrameOfFirst({ functions }: Stage, { ran }: TracedMove): TracedInstruction[] {
  const [first] = ran;
  const frame = rangeAt(functions, first.pc);
  return ran.filter(({ pc, stackPointer }) => stackPointer >= first.stackPointer && rangeAt(functions, pc) === frame);
}

/**
 * Checks that the move passed no address at which gdb stops. gdb stops when it reaches the start of a row from the
 * middle of that row. It never stops at the start of a function (infrun.c, process_event_stop_test) or in a line that
 * it entered and left by a call or a jump. This check does not apply to optimized code, in which gdb skips inlined
 * bodies and rows that start no statement.
 */
function passesNoLine({ lines, functions }: Stage, { ran, after }: TracedMove, description: string): void {
  const pcs = [...ran.map(({ pc }) => pc), after];
  for (let i = 1; i < ran.length; i++) {
    const row = rangeAt(lines, pcs[i]);
    const wouldStop = row?.start === pcs[i] && pcs[i + 1] > row.start && pcs[i + 1] < row.end;
    const isEntry = functions.some(({ start }) => start === pcs[i]);
    // machine_trap_entry is marked as a signal frame (lib/trap.S), so gdb steps through it to the interrupted code.
    const isTrapEntry = rangeAt(functions, pcs[i])?.name === 'machine_trap_entry';
    assert.ok(!wouldStop || isEntry || isTrapEntry, `${description}: passed ${row?.file}:${row?.line}`);
  }
}

function lineOf(stage: Stage, pc: bigint): string {
  const row = rangeAt(stage.lines, pc);
  return row ? `${row.file}:${row.line}` : 'none';
}

function startsLine(stage: Stage, { ran: [{ pc }] }: TracedMove, description: string): void {
  assert.equal(rangeAt(stage.lines, pc)?.start, pc, `${description}: at the start of a line`);
}

type InlinedCall = ReturnType<Symbols['inlinedAt']>[number];

const bodyAt = ({ symbols }: Stage, body: InlinedCall, pc: bigint): InlinedCall | undefined =>
  symbols.inlinedAt(pc).find(({ entry }) => entry === body.entry);

/** Whether the move entered an inlined body from its end and stopped at the body's last instruction (see README.md). */
function endsBody(stage: Stage, { ran, after }: TracedMove): boolean {
  const [{ pc }] = ran;
  const second = ran[1]?.pc ?? after;
  return stage.symbols.inlinedAt(pc).some((body) => !bodyAt(stage, body, second));
}

/**
 * Checks a `reverse-finish` in an inlined body: it goes to the inlined call or, if it started there, to the code that
 * ran before the call (see README.md).
 */
function leavesBody(
  stage: Stage,
  way: TracedMove,
  { body, description }: { body: InlinedCall; description: string },
): void {
  startsLine(stage, way, description);
  const [{ pc: first }] = way.ran;
  const left = bodyAt(stage, body, first);
  assert.ok(!left || first === left.entry || first === left.range.start, `${description}: still in ${body.name}`);
  for (const { pc } of inFrameOfFirst(stage, way)) {
    const isOfWay = bodyAt(stage, body, pc) !== undefined || lineOf(stage, pc) === lineOf(stage, first);
    assert.ok(isOfWay, `${description}: ${lineOf(stage, pc)}`);
  }
}
