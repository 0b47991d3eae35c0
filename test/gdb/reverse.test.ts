/** Each of gdb's reverse commands stops at the correct position, from random positions of a recording.
 *
 * The result is compared with an uninterrupted run of the same recording: the registers at the position that gdb
 * reports, and the code that ran between there and the start. BLKREPLAY_GDB_PLACES sets the number of starting
 * positions for each command (CI: 200).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import {
  openReplay,
  openSymbols,
  Session,
  StepForward,
  type StopPoints,
  type Symbols,
  type Timeline,
} from '../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { Workplace } from '../support/cli.ts';
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
import { type Moment, trace } from './trace.ts';
import { some, times } from '../support/extent.ts';

const PLACES = times({ quick: 3, long: 20 }, 'BLKREPLAY_GDB_PLACES');

const GUESTS = [
  { name: 'demo/demo', stdin: undefined },
  { name: 'kernel/oslet', stdin: SESSION },
];
const COMMANDS = ['reverse-stepi', 'reverse-step', 'reverse-next', 'reverse-finish', 'reverse-continue'] as const;

test(`gdb goes back correctly from ${PLACES} positions for each command`, { concurrency: 2 }, async (t) => {
  if (!requireTool(GDB, t)) return;
  // In parallel: while one gdb walks, the moves of the other are checked.
  await Promise.all(some(GUESTS, 1).map((guest) => t.test(guest.name, (t) => goBackOn(t, guest))));
});

async function goBackOn(t: TestContext, { name, stdin }: (typeof GUESTS)[number]): Promise<void> {
  const stage = await recorded(t, name, stdin);
  for (const command of COMMANDS) {
    await t.test(command, () => goBack(t, stage, command));
  }
}

type Command = (typeof COMMANDS)[number];

interface Stage {
  elf: string;
  /** Lines of optimised code overlap each other and inlined bodies, so gdb's handling of them is not checked. */
  isOptimised: boolean;
  random: SeededRandom;
  /** Starts a replay for gdb and returns its port. */
  listen: (t: TestContext) => Promise<number>;
  end: number;
  symbols: Symbols;
  lines: LineRow[];
  functions: FunctionRange[];
  straight: Timeline;
  straightAgain: () => Timeline;
}

/** Start and end of a move of gdb. */
interface Move {
  from: number;
  to: number;
  registers: bigint[];
  /** gdb's line, such as `store.c:120`. */
  line: string | undefined;
  breakpoint: string | undefined;
  said: string;
}

async function recorded(t: TestContext, name: string, stdin?: string): Promise<Stage> {
  const place = new Workplace(t);
  const elf = guest(name);
  const options = sessionIn(place, elf, stdin);
  const { position: end } = (await place.cli(['record', ...options, '--json'])).summary;
  // A session locks its overlay, so each has separate files.
  const straightIn = (copy: Workplace): Timeline => {
    const unsaid = { bios: null, initrd: null, append: null, memoryBytes: null, rrsnapshot: null };
    const overlay = copy.path('hd0.qcow2');
    const drives = [{ id: 'hd0', image: copy.path('disk.img'), format: 'raw', overlay, readOnly: false } as const];
    return openReplay(nodeHost, { ...unsaid, rrfile: copy.path('a.rr'), drives, onConsoleByte: () => {} });
  };
  const [forPlaces, forPasses] = [place.copy(t), place.copy(t)];
  const straight = straightIn(forPlaces);
  t.after(() => straight.abandon());
  const [lines, functions] = [lineTable(elf), functionsOf(elf)];
  assert.ok(lines.length > 100 && functions.length > 50);
  return {
    elf,
    isOptimised: name !== 'demo/demo',
    random: SeededRandom.forTest(t),
    listen: async (t) => (await serve(t, place, ['replay', ...options])).port,
    end,
    symbols: openSymbols({ name: elf, bytes: readFileSync(elf) }),
    lines,
    functions,
    straight,
    straightAgain: () => straightIn(forPasses),
  };
}

async function goBack(t: TestContext, stage: Stage, command: Command): Promise<void> {
  const places = choosePlaces(stage, command);
  const started = performance.now();
  const moves = await movesOf(await stage.listen(t), stage, command, places);
  t.diagnostic(`${command}: ${((performance.now() - started) / places.length).toFixed(1)} ms each in gdb`);
  assert.equal(moves.length, places.length);
  registersAreRight(stage, moves);
  for (const move of moves) {
    const told = `${command} from ${move.from} to ${move.to} (BLKREPLAY_SEED=${stage.random.seed}):\n${move.said}`;
    ORACLES[command](stage, move, told);
  }
}

// --- in gdb ------------------------------------------------------------------------------------------------------------

/** Random positions; for source-level commands, positions one step before code with lines. */
function choosePlaces(stage: Stage, command: Command): number[] {
  const places: number[] = [];
  while (places.length < PLACES) {
    const position = 1000 + stage.random.below(stage.end - 1000);
    // Most of the time is spent in few functions, so every other position is in a randomly chosen one.
    const isAnywhere = !goesBySource(command) || places.length % 2 === 0;
    const place = isAnywhere ? position : inSomeFunction(stage, position);
    if (place !== undefined && (!goesBySource(command) || leadsToSource(stage, place))) places.push(place);
  }
  return places;
}

/** A position shortly after the next entry into a random function, if that comes soon. */
function inSomeFunction({ straight, random, functions, end }: Stage, position: number): number | undefined {
  straight.travel!.seekTo(position);
  const until = Math.min(end, position + STEPS_TO_ENTRY_MAX);
  const stop = straight.forward(until, entering(random.pick(functions).start));
  const place = straight.position + random.below(STEPS_BEHIND_ENTRY);
  return stop.kind === 'breakpoint' && place < end ? place : undefined;
}

const STEPS_TO_ENTRY_MAX = 1_000_000;
const STEPS_BEHIND_ENTRY = 40;

function leadsToSource({ straight, functions, lines }: Stage, position: number): boolean {
  const session = new Session(straight);
  session.goTo(position);
  new StepForward(session).run(() => false);
  const { pc } = session.inspector;
  const place = rangeAt(functions, pc);
  const line = rangeAt(lines, pc);
  // gdb runs through assembly that is marked as a signal frame, line after line (see README.md).
  return place !== undefined && !NO_FRAMES.test(place.name) && line !== undefined && !line.file.endsWith('.S');
}

const goesBySource = (command: Command): boolean => command !== 'reverse-stepi' && command !== 'reverse-continue';

/** Assembly functions, which have no frame that can be finished. */
const NO_FRAMES = /^(_start|trap|user_|kernel_trap|switch|trampoline|enter|return|main$)/;

async function movesOf(port: number, stage: Stage, command: Command, places: readonly number[]): Promise<Move[]> {
  const { elf, random, functions } = stage;
  // If several functions have a name (static functions of a header), gdb may choose another one than we do.
  const isUnique = (name: string) => functions.filter((other) => other.name === name).length === 1;
  const breakpoints = functions.filter(({ name }) => !NO_FRAMES.test(name) && isUnique(name));
  const said = await runGdb({
    elf,
    port,
    commands: places.flatMap((position) => {
      const { name } = random.pick(breakpoints);
      const isContinue = command === 'reverse-continue';
      return [
        ...[`monitor goto ${position}`, 'maintenance flush register-cache', 'maintenance flush dcache'],
        // gdb remembers before which inlined bodies it last stopped, even after `monitor goto`; an instruction step
        // makes it
        // treat bodies that start there as entered.
        ...(goesBySource(command) ? ['stepi'] : []),
        ...(isContinue ? [`tbreak *${name}`, `echo @breakpoint ${name}\\n`] : []),
        ...['echo @from\\n', 'monitor position', command, 'echo @to\\n', 'monitor position', 'info registers'],
        ...['echo @line\\n', 'info line *$pc', 'delete'],
      ];
    }),
  });
  return said
    .split('@from\n')
    .slice(1)
    .map((part, i) => moveOf(part, said.split('@from\n')[i]));
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
    said: part.slice(0, 600),
  };
}

// --- the uninterrupted run ---------------------------------------------------------------------------------------------

/** The line according to our own reader of the debug information. */
function ourLine({ symbols }: Stage, pc: bigint): string | undefined {
  const line = symbols.lineAt(pc);
  return line && `${line.file.path.split('/').at(-1)}:${line.line}`;
}

/** Checks the registers and the lines. */
function registersAreRight(stage: Stage, moves: readonly Move[]): void {
  const straight = stage.straightAgain();
  const { inspector } = new Session(straight);
  try {
    for (const { from, to, said } of moves) assert.ok(from >= 0 && to >= 0, said);
    for (const { to, registers, line, said } of [...moves].sort((a, b) => a.to - b.to)) {
      straight.advance(to);
      assert.equal(line, ourLine(stage, inspector.pc), `position ${to}: ${said}`);
      const right = [...Array.from({ length: 31 }, (_, i) => inspector.register(i + 1)), inspector.pc];
      assert.deepEqual(registers, right, `position ${to}, BLKREPLAY_SEED=${stage.random.seed}: ${said}`);
    }
  } finally {
    straight.abandon();
  }
}

type Oracle = (stage: Stage, move: Move, told: string) => void;

const ORACLES: Record<Command, Oracle> = {
  'reverse-stepi': (stage, { from, to }, told) => {
    assert.ok(to < from, told);
    // At most one instruction of the code at this level ran; everything else is complete interrupts.
    const instructions = trace(stage.straight, to, from).filter((moment) => moment.retires && !moment.isInterrupt);
    assert.ok(instructions.length <= 1, told);
  },

  'reverse-step': (stage, move, told) => {
    const way = wayOf(stage, move, told);
    if (!endsBody(stage, way)) startsLine(stage, way, told);
    if (!stage.isOptimised) passesNoLine(stage, way, told);
  },

  'reverse-next': (stage, move, told) => {
    const way = wayOf(stage, move, told);
    startsLine(stage, way, told);
    if (!stage.isOptimised) passesNoLine(stage, { ...way, ran: inFrameOfFirst(stage, way) }, told);
  },

  'reverse-finish': (stage, move, told) => {
    const { from, to } = move;
    const { straight } = stage;
    const { inspector } = new Session(straight);
    straight.travel!.seekTo(from);
    const left = rangeAt(stage.functions, inspector.pc)!;
    const body = stage.symbols.inlinedAt(inspector.pc).at(0);
    straight.travel!.seekTo(to);
    straight.advance(to + 1);
    if (body && inspector.pc !== left.start) return leavesBody(stage, wayOf(stage, move, told), { body, told });
    assert.equal(inspector.pc, left.start, `${told}: the instruction before is the call`);
    // gdb goes to the last entry into the function. In a recursive function that may be an inner call that has returned
    // (infcmd.c, finish_backward: its breakpoint there checks no frame). Otherwise it is the call of this frame.
    const isEnteredAgain = from > to + 1 && straight.forward(from - 1, entering(left.start)).kind === 'breakpoint';
    if (!isEnteredAgain) return;
    const later = trace(straight, to + 2, from).filter((moment) => !moment.isInterrupt);
    assert.ok(!later.some(({ pc }) => pc === left.start), told);
  },

  'reverse-continue': (stage, { from, to, breakpoint }, told) => {
    const address = stage.functions.find(({ name }) => name === breakpoint)!.start;
    const { straight } = stage;
    straight.travel!.seekTo(to);
    if (to === 0) assert.match(told, /No more reverse-execution history/);
    else assert.equal(new Session(straight).inspector.pc, address, told);
    // The address is not reached again after that position.
    const stop = straight.forward(from - 1, entering(address));
    assert.equal(stop.kind, 'reached', told);
    straight.travel!.seekTo(0);
  },
};

const entering = (address: bigint): StopPoints => ({ breakpoints: new Set([address]), watchpoints: [] });

// A line can run for tens of millions of steps, each of which is a Moment.
const TRACED_STEPS_MAX = 500_000;

interface Way {
  /** Without interrupts; for a longer move only the first moment. */
  ran: Moment[];
  /** The code at the start of the move or, for a longer move, the code that ran after the first moment. */
  after: bigint;
}

function wayOf({ straight }: Stage, { from, to }: Move, told: string): Way {
  assert.ok(to < from, told);
  const isLong = from - to > TRACED_STEPS_MAX;
  const ran = trace(straight, to, isLong ? to + 1 : from).filter((moment) => !moment.isInterrupt);
  assert.ok(ran.length > 0, told);
  return { ran, after: new Session(straight).inspector.pc };
}

function inFrameOfFirst({ functions }: Stage, { ran }: Way): Moment[] {
  const [first] = ran;
  const frame = rangeAt(functions, first.pc);
  return ran.filter(({ pc, stackPointer }) => stackPointer >= first.stackPointer && rangeAt(functions, pc) === frame);
}

/**
 * The move passed no address at which gdb stops: the start of a row that is reached from the middle of the row. gdb
 * never stops at the start of a function (infrun.c, process_event_stop_test), and does not stop in a line that it
 * entered and left by a call or a jump. This does not hold for optimised code, where rows that start no statement and
 * inlined bodies are skipped.
 */
function passesNoLine({ lines, functions }: Stage, { ran, after }: Way, told: string): void {
  const pcs = [...ran.map(({ pc }) => pc), after];
  for (let i = 1; i < ran.length; i++) {
    const row = rangeAt(lines, pcs[i]);
    const wouldStop = row?.start === pcs[i] && pcs[i + 1] > row.start && pcs[i + 1] < row.end;
    const isEntry = functions.some(({ start }) => start === pcs[i]);
    // A signal frame (lib/trap.S): gdb steps through to the interrupted code.
    const isTrapEntry = rangeAt(functions, pcs[i])?.name === 'machine_trap_entry';
    assert.ok(!wouldStop || isEntry || isTrapEntry, `${told}: passed ${row?.file}:${row?.line}`);
  }
}

function lineOf(stage: Stage, pc: bigint): string {
  const row = rangeAt(stage.lines, pc);
  return row ? `${row.file}:${row.line}` : 'none';
}

function startsLine(stage: Stage, { ran: [{ pc }] }: Way, told: string): void {
  assert.equal(rangeAt(stage.lines, pc)?.start, pc, `${told}: at the start of a line`);
}

type InlinedCall = ReturnType<Symbols['inlinedAt']>[number];

const bodyAt = ({ symbols }: Stage, body: InlinedCall, pc: bigint): InlinedCall | undefined =>
  symbols.inlinedAt(pc).find(({ entry }) => entry === body.entry);

/** The last instruction of an inlined body, reached from behind it (see README.md). */
function endsBody(stage: Stage, { ran, after }: Way): boolean {
  const [{ pc }] = ran;
  const second = ran[1]?.pc ?? after;
  return stage.symbols.inlinedAt(pc).some((body) => !bodyAt(stage, body, second));
}

/**
 * gdb's reverse-finish of an inlined body: to its call, or from there back to the code that ran before (see README.md).
 */
function leavesBody(stage: Stage, way: Way, { body, told }: { body: InlinedCall; told: string }): void {
  startsLine(stage, way, told);
  const [{ pc: first }] = way.ran;
  const left = bodyAt(stage, body, first);
  assert.ok(!left || first === left.entry || first === left.range.start, `${told}: still in ${body.name}`);
  for (const { pc } of inFrameOfFirst(stage, way)) {
    const isOfWay = bodyAt(stage, body, pc) !== undefined || lineOf(stage, pc) === lineOf(stage, first);
    assert.ok(isOfWay, `${told}: ${lineOf(stage, pc)}`);
  }
}
