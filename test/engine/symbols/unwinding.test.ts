/** Call stacks, saved registers and locals are the same as in gdb at random stops. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Frame, FrameView, Symbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { guest } from '../../support/guests.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { requireTool } from '../../support/tools.ts';
import { fixture, hex, open } from './support/fixtures.ts';
import { GDB } from './support/gdb.ts';
import { sampleStacks, STACK_BELOW, type SampledFrame, type StackSample } from './support/stackSamples.ts';
import { some } from '../../support/extent.ts';

/**
 * The guests, each with the number of stops, the maximum number of steps between two stops, and the breakpoints to
 * which the guest runs before some of the stops.
 */
const SAMPLED: { file: string; rounds: number; stepsMax: number; breaks?: string[] }[] = [
  { file: fixture('flow-O0-v4'), rounds: 80, stepsMax: 40 },
  { file: fixture('flow-O0-v5'), rounds: 80, stepsMax: 40 },
  { file: fixture('flow-Og-v4'), rounds: 80, stepsMax: 12 },
  { file: fixture('flow-Og-v5'), rounds: 80, stepsMax: 12 },
  { file: fixture('flow-eh-types'), rounds: 80, stepsMax: 12 },
  { file: fixture('flow-O2'), rounds: 60, stepsMax: 6 },
  { file: fixture('types-O0-v5'), rounds: 60, stepsMax: 20 },
  { file: fixture('types-Og-v5'), rounds: 60, stepsMax: 20 },
  { file: guest('demo/demo'), rounds: 80, stepsMax: 60, breaks: ['machine_trap', 'journal_append'] },
  {
    file: guest('kernel/oslet'),
    rounds: 80,
    stepsMax: 60,
    breaks: ['kernel_trap_entry', 'user_trap', 'machine_trap_entry'],
  },
];

for (const { file, ...how } of some(SAMPLED, 1)) {
  test(`stacks, saved registers and locals are the same as in gdb at random stops: ${path.basename(file)}`, (t) => {
    if (!requireTool(GDB, t) || !requireTool('qemu-system-riscv64', t)) return;
    const { seed } = SeededRandom.forTest(t);
    const symbols = open(file);
    const counts = { frames: 0, variables: 0, lost: 0 };
    const samples = sampleStacks(file, { seed, ...how });
    for (const sample of samples) compareStack(symbols, sample, counts);
    assert.ok(counts.frames > samples.length, 'there are callers');
    t.diagnostic(JSON.stringify({ samples: samples.length, ...counts }));
    assert.equal(counts.lost, 0, 'gdb knows no more frames');
  });
}

function compareStack(
  symbols: Symbols,
  sample: StackSample,
  counts: { frames: number; variables: number; lost: number },
) {
  const stack = symbols.callStack(viewOf(sample));
  // Outside functions, for example in QEMU's reset code, gdb guesses a caller, so the stacks are not compared.
  if (!symbols.functionAt(sample.pc)) return;
  const whole = withoutInlined(sample.frames);
  // In the middle of a context switch from one stack to another, neither gdb nor blkreplay finds the caller.
  const isLost = whole.at(-1)!.name === null;
  assert.equal(stack.end, isLost ? 'noUnwindInformation' : 'outermost');
  const [frames, theirs] = isLost ? [stack.frames.slice(0, -1), whole.slice(0, -1)] : [stack.frames, whole];
  assert.equal(stack.frames.at(-1)?.pc, whole.at(-1)?.pc);
  assert.deepEqual(
    frames.map((frame, i) => describe(symbols, frame, theirs[i]?.names.length ?? 0)),
    theirs.map(describeTheirs),
    hex(sample.pc),
  );
  frames.forEach((frame, i) => {
    counts.frames++;
    compareFrame(frame, theirs[i], `frame ${i} at ${hex(sample.pc)}`);
    compareVariables(symbols, frame, theirs[i], counts);
  });
}

/** A frame, with its function and the functions inlined at its address, innermost first. */
type WholeFrame = SampledFrame & { names: string[] };

/**
 * Merges gdb's separate frames for inlined functions into the frames that contain them, and drops frames at address 0.
 */
function withoutInlined(frames: SampledFrame[]): WholeFrame[] {
  const whole: WholeFrame[] = [];
  for (const frame of frames.filter(({ pc }) => pc !== 0n)) {
    const last = whole.at(-1);
    const isOuter = last !== undefined && last.pc === frame.pc && (last.cfa === frame.cfa || frame.cfa === null);
    const name = `${frame.name}:${frame.line}`;
    if (isOuter)
      whole[whole.length - 1] = {
        ...frame,
        line: last.line,
        names: [...last.names, name],
        variables: { ...frame.variables, ...last.variables },
      };
    else whole.push({ ...frame, names: [name] });
  }
  return whole;
}

function describe(symbols: Symbols, frame: Frame, count: number): string {
  const names: string[] = [];
  let line = symbols.lineAt(frame.lookupPc)?.line ?? 0;
  for (const { name, callLine } of symbols.inlinedAt(frame.lookupPc)) {
    names.push(`${name}:${line}`);
    line = callLine ?? 0;
  }
  // In a trap entry, gdb treats pc as the interrupted address and shows the line after the call; blkreplay shows the
  // line of the call.
  const isCallingHandler = frame.isSignalFrame && frame.depth > 0;
  names.push(`${symbols.functionAt(frame.lookupPc)?.name}:${isCallingHandler ? '-' : line}`);
  // At the first instruction of an inlined body, gdb does not show the inlined function yet.
  const isHidden = frame.depth === 0 && symbols.inlinedAt(frame.pc).some(({ range }) => range.start === frame.pc);
  return `${hex(frame.pc)} ${(isHidden ? names.slice(names.length - count) : names).join(' ')}`;
}

function describeTheirs(frame: WholeFrame, depth: number): string {
  const isCallingHandler = /_trap_entry$|^user_vector/.test(frame.name ?? '') && depth > 0;
  const names = isCallingHandler ? [`${frame.name}:-`] : frame.names;
  return `${hex(frame.pc)} ${names.join(' ')}`;
}

function compareFrame(frame: Frame, theirs: SampledFrame, where: string): void {
  if (theirs.cfa !== null) assert.equal(frame.cfa && hex(frame.cfa), hex(theirs.cfa), `CFA of ${where}`);
  for (const [number, value] of Object.entries(theirs.registers)) {
    const ours = frame.register(Number(number));
    // In a caller, the call has overwritten ra, so the old value of ra is unknown; gdb shows the current contents of
    // ra.
    if (ours === undefined && Number(number) === 1) continue;
    assert.equal(ours, value ?? undefined, `x${number} of ${where}`);
  }
}

function compareVariables(
  symbols: Symbols,
  frame: Frame,
  theirs: SampledFrame,
  counts: { variables: number; lost: number },
): void {
  const seen = new Set<string>();
  for (const { variables } of symbols.scopesAt(frame.lookupPc).reverse()) {
    for (const variable of variables) {
      if (seen.has(variable.name) || !(variable.name in theirs.variables)) continue;
      seen.add(variable.name);
      const expected = theirs.variables[variable.name];
      const ours = symbols.read(variable, frame).integer();
      if (expected === null || variable.kind === 'static') continue;
      counts.variables++;
      if (ours === undefined) counts.lost++;
      else assert.equal(hex(BigInt.asUintN(64, ours)), hex(expected), `${variable.name} at ${hex(frame.pc)}`);
    }
  }
}

function viewOf({ pc, registers, stack }: StackSample): FrameView {
  const bytes = Buffer.from(stack, 'hex');
  const start = registers[2] - STACK_BELOW;
  return {
    pc,
    readRegister: (number) => registers[number],
    readMemory: (address, length) => {
      const offset = address - start;
      if (offset < 0n || offset + BigInt(length) > BigInt(bytes.length)) return undefined;
      return bytes.subarray(Number(offset), Number(offset) + length);
    },
  };
}
