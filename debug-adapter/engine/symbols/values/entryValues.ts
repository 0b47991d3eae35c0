import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import type { FunctionEntry, FunctionIndex } from '../functions/functionIndex.ts';
import type { Frame } from '../unwinding/frame.ts';

/**
 * What a register held when a function was entered (DW_OP_entry_value, DWARF 5, sections 2.5.1.7 and 3.4): its caller's
 * call site may say how the argument was computed, from things that calls keep. Optimized code needs this for most
 * arguments after their last use.
 */
export function findCallSiteValue(
  functions: FunctionIndex,
  { callee, caller, register }: { callee: Frame; caller: Frame; register: Uint8Array },
): { die: Die; expression: Uint8Array } | undefined {
  // Into a trap's handler nobody passed arguments.
  if (callee.isSignalFrame) return undefined;
  const [called, calling] = [functions.at(callee.lookupPc), functions.at(caller.lookupPc)];
  const site = called && calling && findCallSite(calling.die, caller.pc, 0);
  if (!site || !calls(site, called)) return undefined;
  for (const die of site.children()) {
    const location = die.block(AT.location);
    if (location?.length !== register.length || !location.every((byte, i) => byte === register[i])) continue;
    const expression = die.block(AT.callValue) ?? die.block(AT.gnuCallSiteValue);
    return expression && { die, expression };
  }
  return undefined;
}

function findCallSite(die: Die, returnPc: bigint, depth: number): Die | undefined {
  for (const child of die.children()) {
    if (child.tag === TAG.callSite && child.address(AT.callReturnPc) === returnPc) return child;
    // GNU's of DWARF 4 has the return address as its low pc.
    if (child.tag === TAG.gnuCallSite && child.address(AT.lowPc) === returnPc) return child;
    const isNested = child.tag === TAG.lexicalBlock || child.tag === TAG.inlinedSubroutine;
    const found = isNested && depth < DEPTH_MAX ? findCallSite(child, returnPc, depth + 1) : undefined;
    if (found) return found;
  }
  return undefined;
}

/**
 * Whether the call went to this function: it may have gone to another that jumped on (a tail call), with other
 * arguments. Of calls through pointers nothing is known.
 */
function calls(site: Die, called: FunctionEntry): boolean {
  const target = site.reference(AT.callOrigin) ?? site.reference(AT.abstractOrigin);
  return target?.name !== undefined && target.name === called.name;
}

/** Blocks within blocks; deeper only in damaged files. */
const DEPTH_MAX = 200;
