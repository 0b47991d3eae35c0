/** A step over a line, forwards or backwards, stops where gdb's step stops, apart from the listed differences.
 *
 * The steps start from the same positions in gdb (over our server) and in our session. Walks start at random positions
 * and continue from where gdb stopped, so that a difference does not hide later ones. Each permitted difference has a
 * name and a condition that must hold for it; README.md in this folder explains them. BLKREPLAY_WALK_STEPS sets the
 * number of steps for each program and direction (CI: 1000).
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import { frameViewOf, type StopReason } from '../../debug-adapter/engine/index.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { requireTool } from '../support/tools.ts';
import { GDB } from './gdbSupport.ts';
import { trace } from './trace.ts';
import { choosePositions, recordWalk, type GdbStop, walkInGdb, type WalkedRecording } from './walking.ts';

const STEPS = Number(process.env.BLKREPLAY_WALK_STEPS ?? 100);
const STEPS_EACH = 20;

const PROGRAMS = ['calls', 'lines', 'inlines', 'tails', 'interrupts'];

const WAYS = {
  'reverse-next': {
    step: ({ steps }: WalkedRecording): StopReason => complete(steps.stepBack()),
    difference: differenceBack,
  },
  next: { step: ({ steps }: WalkedRecording): StopReason => complete(steps.stepOver()), difference: differenceForward },
} as const;
type Way = keyof typeof WAYS;

test("steps over lines stop where gdb's steps stop", { concurrency: 2 }, async (t) => {
  if (!requireTool(GDB, t)) return;
  await Promise.all(
    PROGRAMS.map((name) =>
      t.test(name, async (t) => {
        const walked = await recordWalk(t, `walks/${name}`);
        const random = SeededRandom.forTest(t);
        for (const way of ['reverse-next', 'next'] as const) await walk(t, { walked, random, way });
      }),
    ),
  );
});

async function walk(
  t: TestContext,
  setting: { walked: WalkedRecording; random: SeededRandom; way: Way },
): Promise<void> {
  const { walked, random, way } = setting;
  const positions = choosePositions(walked, random, Math.ceil(STEPS / STEPS_EACH));
  const walks = await walkInGdb(walked, way, positions, STEPS_EACH);
  const found = new Map<string, number>();
  for (const stops of walks) {
    assert.equal(stops.length, STEPS_EACH + 1);
    stops.forEach((stop) => stopIsRight(walked, stop));
    for (let i = 0; i < STEPS_EACH; i++) {
      const kind = kindOf(walked, way, { from: stops[i], to: stops[i + 1], seed: random.seed });
      found.set(kind, (found.get(kind) ?? 0) + 1);
    }
  }
  t.diagnostic(`${way}: ${[...found].map(([kind, count]) => `${count} ${kind}`).join(', ')}`);
  assert.ok((found.get('same') ?? 0) > 0);
}

interface GdbStep {
  from: GdbStop;
  to: GdbStop;
  seed: number;
}

type LineAt = NonNullable<ReturnType<WalkedRecording['symbols']['lineAt']>>;

/** Checks that the registers and the line that gdb shows are those at gdb's position. */
function stopIsRight({ session, symbols }: WalkedRecording, stop: GdbStop): void {
  complete(session.goTo(stop.position));
  const { inspector } = session;
  assert.deepEqual([stop.pc, stop.sp], [inspector.pc, inspector.register(2)], `position ${stop.position}`);
  const line = symbols.lineAt(stop.pc);
  const name = line && `${line.file.path.split('/').at(-1)}:${line.line}`;
  assert.equal(stop.line, name, `position ${stop.position}`);
}

function kindOf(walked: WalkedRecording, way: Way, gdb: GdbStep): string {
  const { session } = walked;
  complete(session.goTo(gdb.from.position));
  WAYS[way].step(walked);
  if (session.position === gdb.to.position) return 'same';
  const [from, theirs, ours] = [gdb.from.position, gdb.to.position, session.position];
  const kind = WAYS[way].difference(walked, gdb);
  const where = (position: number) => describe(walked, position);
  assert.ok(
    kind,
    `${way} from ${where(from)}\n gdb  ${where(theirs)}\n ours ${where(ours)}\n (BLKREPLAY_SEED=${gdb.seed})`,
  );
  return kind;
}

// --- the name of the difference whose condition holds, or undefined --------------------------------------------------

function differenceBack(walked: WalkedRecording, gdb: GdbStep): string | undefined {
  const { session, steps } = walked;
  let kind = '';
  // gdb steps through the lines of a trap entry, whereas blkreplay stops at them; both end at the same position.
  while (isInTrapEntry(walked)) {
    kind = 'trapEntry';
    complete(steps.stepBack());
  }
  const { position: ours } = session;
  if (ours === gdb.to.position) return kind;
  if (isLostByGdb(walked, gdb, ours)) return 'lostByGdb';
  if (isPassedByGdb(walked, gdb, ours)) return `${kind}passedByGdb`;
  complete(session.goTo(ours));
  return isTouchingPiece(walked, gdb) ? `${kind}touchingPiece` : undefined;
}

/**
 * gdb stops at the start of a row only if it entered the row in the middle. If the line ran in one-instruction rows, or
 * if execution left it by a jump from the middle of a row, gdb continues to the preceding line. In that case, all code
 * that ran in this frame after our position belongs to our line, starts no statement, or belongs to rows that were
 * entered by a jump past their start. No row of our line was entered at its start and then executed past its first
 * instruction.
 */
function isPassedByGdb({ session, symbols }: WalkedRecording, { from, to }: GdbStep, ours: number): boolean {
  if (ours <= to.position || ours >= from.position) return false;
  const ran = trace(session.target, ours, from.position).filter(({ isInterrupt }) => !isInterrupt);
  const [first] = ran;
  const line = symbols.lineAt(first.pc)?.line;
  const inFrame = ran.filter(({ stackPointer }) => stackPointer >= first.stackPointer);
  const ranFromBeginning = (row: LineAt) => inFrame.some(({ pc }) => pc === row.start);
  return inFrame.every(({ pc }, i) => {
    const row = symbols.lineAt(pc);
    if (!row) return false;
    const isOfOther = row.line !== line;
    if (isOfOther && (row.isStatement ? ranFromBeginning(row) : row.start !== pc)) return false;
    const next = inFrame[i + 1]?.pc;
    return pc !== row.start || next === undefined || next <= row.start || next >= row.end;
  });
}

/**
 * gdb searches backwards for the call to a function that returned. A jump out of nested calls (`jump` in tails.c, like
 * longjmp) has no such call, and gdb runs to the beginning of the recording.
 */
function isLostByGdb({ session, symbols }: WalkedRecording, { from, to }: GdbStep, ours: number): boolean {
  const { target: timeline } = session;
  if (to.position !== timeline.travel!.start || ours >= from.position) return false;
  return trace(timeline, ours, from.position).some(({ pc }) => symbols.functionAt(pc)?.name === 'jump');
}

function isInTrapEntry({ session, symbols }: WalkedRecording): boolean {
  return symbols.innermostFrame(frameViewOf(session.inspector)).isSignalFrame;
}

/**
 * gdb 13 stops at each row of the line table. blkreplay stops only at the start of a group of adjacent rows for the
 * same line, and does not stop there if the function starts there.
 */
function isTouchingPiece({ session, symbols, steps }: WalkedRecording, { from, to }: GdbStep): boolean {
  const { position: ours } = session;
  const wholeAt = (at: bigint) => symbols.statementRanges(at).find(({ start, end }) => start <= at && at < end);
  const isLaterPiece = ({ pc }: GdbStop) => symbols.lineAt(pc)?.start === pc && (wholeAt(pc)?.start ?? pc) < pc;
  if (ours < to.position && isLaterPiece(to)) {
    // gdb stopped at a later row of the group, on the way to our position.
    complete(session.goTo(to.position));
    complete(steps.stepBack());
    return session.position === ours;
  }
  // gdb started at a later row of the group, and the rows before it are too short for gdb to stop at.
  const { pc } = session.inspector;
  return ours > to.position && isLaterPiece(from) && wholeAt(from.pc)?.start === pc;
}

function differenceForward(walked: WalkedRecording, gdb: GdbStep): string | undefined {
  if (isWait(walked, gdb)) return 'wait';
  // gdb steps through the lines of a trap's entry and return, and stops at a line after them.
  return isInTrapEntry(walked) && gdb.to.position > walked.session.position ? 'trapEntry' : undefined;
}

/**
 * gdb steps over `wfi` by setting its own breakpoint after it. This breakpoint is hit only after the interrupt that
 * ended the wait has been handled.
 */
function isWait({ session }: WalkedRecording, { to }: GdbStep): boolean {
  const { position: ours, target: timeline, inspector } = session;
  if (ours > to.position || inspector.pc !== to.pc || inspector.register(2) !== to.sp) return false;
  const isNothing = trace(timeline, ours, to.position).every(({ isInterrupt }) => isInterrupt);
  complete(session.goTo(ours));
  return isNothing;
}

function describe({ session, symbols }: WalkedRecording, position: number): string {
  complete(session.goTo(position));
  const { pc } = session.inspector;
  const line = symbols.lineAt(pc);
  const location = `${line?.file.path}:${line?.line} in ${symbols.functionAt(pc)?.name}`;
  return `${position}: 0x${pc.toString(16)} ${location}, ${line?.start === pc ? 'start' : 'middle'} of a row`;
}
