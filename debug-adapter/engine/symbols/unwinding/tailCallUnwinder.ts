import type { FunctionIndex } from '../functions/functionIndex.ts';
import type { Frame, FrameView, UnwindResult } from './frame.ts';
import type { TailCalls } from './tailCalls.ts';
import type { Unwinder } from './unwinder.ts';

/**
 * Unwinds the stack and adds the frames of functions that ended with a tail call, if they can be determined. Such a
 * frame no longer exists on the stack. As in gdb (dwarf2-frame-tailcall.c), it is shown at its tail call, with the
 * caller's registers.
 */
export class TailCallUnwinder {
  private readonly unwinder: Unwinder;
  private readonly functions: FunctionIndex;
  private readonly tailCalls: TailCalls;

  constructor(unwinder: Unwinder, parts: { functions: FunctionIndex; tailCalls: TailCalls }) {
    this.unwinder = unwinder;
    this.functions = parts.functions;
    this.tailCalls = parts.tailCalls;
  }

  innermostFrame(view: FrameView): Frame {
    return this.unwinder.innermostFrame(view);
  }

  callerOf(frame: Frame): UnwindResult {
    if (frame instanceof TailCallFrame) return { kind: 'caller', frame: frame.caller };
    const result = this.unwinder.callerOf(frame);
    if (result.kind !== 'caller' || frame.isSignalFrame) return result;
    const callee = this.functions.at(frame.lookupPc);
    if (!callee) return result;
    let { frame: caller } = result;
    const pcs = this.tailCalls.between(caller.pc, callee.low);
    for (const pc of pcs.reverse()) caller = new TailCallFrame(pc, { callee: frame, caller });
    return { kind: 'caller', frame: caller };
  }
}

class TailCallFrame implements Frame {
  readonly pc: bigint;
  readonly isTailCall = true;
  readonly isSignalFrame = false;
  readonly caller: Frame;
  private readonly callee: Frame;

  constructor(pc: bigint, { callee, caller }: { callee: Frame; caller: Frame }) {
    this.pc = pc;
    this.callee = callee;
    this.caller = caller;
  }

  get lookupPc(): bigint {
    return this.pc - 1n;
  }

  get depth(): number {
    return this.callee.depth + 1;
  }

  get cfa(): bigint | undefined {
    return this.callee.cfa;
  }

  get view(): FrameView {
    return this.callee.view;
  }

  register(dwarfNumber: number): bigint | undefined {
    return this.caller.register(dwarfNumber);
  }
}
