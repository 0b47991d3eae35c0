import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import { registerOf } from '../dwarf/expression.ts';
import type { FunctionEntry, FunctionIndex } from '../functions/functionIndex.ts';
import { functionName } from '../functions/functionName.ts';
import type { Frame } from '../unwinding/frame.ts';

/**
 * Finds an expression for the value that a register had on entry to a function (DW_OP_entry_value, DWARF 5, sections
 * 2.5.1.7 and 3.4). The caller's call site may have an expression that computes the argument from values that survive
 * the call. In optimized code, this is the only way to show most arguments after their last use.
 */
export function findCallSiteValue(
  functions: FunctionIndex,
  { callee, caller, register }: { callee: Frame; caller: Frame; register: number },
): { die: Die; expression: Uint8Array } | undefined {
  // A trap handler has no caller that passes arguments.
  if (callee.isSignalFrame) return undefined;
  const [calleeFunction, callerFunction] = [functions.at(callee.lookupPc), functions.at(caller.lookupPc)];
  const site = calleeFunction && callerFunction && findCallSite(callerFunction.die, caller.pc, 0);
  if (!site || !callsFunction(site, calleeFunction)) return undefined;
  for (const die of site.children()) {
    const location = die.block(AT.location);
    if (!location || registerOf(location)?.number !== register) continue;
    const expression = die.block(AT.callValue) ?? die.block(AT.gnuCallSiteValue);
    return expression && { die, expression };
  }
  return undefined;
}

function findCallSite(die: Die, returnPc: bigint, depth: number): Die | undefined {
  for (const child of die.children()) {
    if (child.tag === TAG.callSite && child.address(AT.callReturnPc) === returnPc) return child;
    // The GNU extension to DWARF 4 stores the return address as DW_AT_low_pc.
    if (child.tag === TAG.gnuCallSite && child.address(AT.lowPc) === returnPc) return child;
    const isNested = child.tag === TAG.lexicalBlock || child.tag === TAG.inlinedSubroutine;
    const found = isNested && depth < DEPTH_MAX ? findCallSite(child, returnPc, depth + 1) : undefined;
    if (found) return found;
  }
  return undefined;
}

/**
 * Whether the call site calls this function. The call site may have called a different function, which then made a tail
 * call to this one with different arguments. For calls through pointers, the target is unknown.
 */
function callsFunction(site: Die, calleeFunction: FunctionEntry): boolean {
  const target = site.reference(AT.callOrigin) ?? site.reference(AT.abstractOrigin);
  return target !== undefined && functionName(target) === calleeFunction.name;
}

/** The maximum nesting depth of blocks; only damaged files exceed it. */
const DEPTH_MAX = 200;
