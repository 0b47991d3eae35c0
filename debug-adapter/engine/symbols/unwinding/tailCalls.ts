import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import type { SymbolTable } from '../elf/symbolTable.ts';
import type { FunctionEntry, FunctionIndex } from '../functions/functionIndex.ts';
import { linkageNameOf } from '../functions/functionName.ts';

/**
 * Finds the tail calls between a caller and its callee (gdb: call_site_find_chain). A function that ends with a tail
 * call jumps to the next function, so it has no frame on the stack. The debug information lists the calls in each
 * function (DW_TAG_call_site). If only one chain of tail calls leads from the function that the caller called to the
 * callee, the functions in this chain are known. If there are several chains, only the calls that they have in common
 * are known.
 */
export class TailCalls {
  private readonly functions: FunctionIndex;
  private readonly symbols: SymbolTable;
  private readonly known = new Map<FunctionEntry, CallSite[]>();

  constructor(parts: { functions: FunctionIndex; symbolTable: SymbolTable }) {
    this.functions = parts.functions;
    this.symbols = parts.symbolTable;
  }

  /**
   * The tail calls between the call that returns to `returnPc` and the function at `callee`, innermost first. Each is
   * represented by the address after the call.
   */
  between(returnPc: bigint, callee: bigint): bigint[] {
    const caller = this.functions.at(returnPc - 1n);
    const call = caller && this.callSites(caller).find(({ pc, isTail }) => pc === returnPc && !isTail);
    return call && call.target !== callee ? this.chainFrom(call, callee) : [];
  }

  private chainFrom(call: CallSite, callee: bigint): bigint[] {
    let result: Chain | undefined;
    const path: { sites: readonly CallSite[]; index: number }[] = [];
    const entered = new Set<CallSite>();
    let site: CallSite | undefined = call;
    for (let step = 0; site; step++) {
      if (step > STEPS_MAX || site.target === undefined) return [];
      let next: { sites: readonly CallSite[]; index: number } | undefined;
      if (site.target === callee) {
        const chain = path.map(({ sites, index }) => sites[index].pc);
        result = result ? withCommonParts(result, chain) : { calls: chain, outer: chain.length, inner: chain.length };
        if (!result) return [];
      } else {
        const target = this.functions.at(site.target);
        // As in gdb, give up at a function without debug information, because its calls are unknown.
        if (target?.low !== site.target) return [];
        next = { sites: this.callSites(target).filter(({ isTail }) => isTail), index: 0 };
      }
      // Continue with the first call that the current path does not contain.
      for (;;) {
        const candidate: CallSite | undefined = next?.sites[next.index];
        if (next && candidate && !entered.has(candidate)) {
          entered.add(candidate);
          path.push(next);
          break;
        }
        const last = path.pop();
        if (!last) break;
        entered.delete(last.sites[last.index]);
        next = { sites: last.sites, index: last.index + 1 };
      }
      const current = path.at(-1);
      site = current?.sites[current.index];
    }
    return result ? knownCalls(result).reverse() : [];
  }

  private callSites(entry: FunctionEntry): CallSite[] {
    let sites = this.known.get(entry);
    if (!sites) this.known.set(entry, (sites = this.sitesIn(entry.die, 0)));
    return sites;
  }

  private sitesIn(die: Die, depth: number): CallSite[] {
    const sites: CallSite[] = [];
    for (const child of die.children()) {
      const isNested = child.tag === TAG.lexicalBlock || child.tag === TAG.inlinedSubroutine;
      if (isNested && depth < DEPTH_MAX) sites.push(...this.sitesIn(child, depth + 1));
      if (child.tag !== TAG.callSite && child.tag !== TAG.gnuCallSite) continue;
      const pc = child.address(child.tag === TAG.callSite ? AT.callReturnPc : AT.lowPc);
      if (pc === undefined) continue;
      const isTail = child.flag(AT.callTailCall) || child.flag(AT.gnuTailCall);
      sites.push({ pc, isTail, target: this.targetOf(child) });
    }
    return sites;
  }

  /** The address of the function that a call site calls; undefined if the call is made through a pointer. */
  private targetOf(site: Die): bigint | undefined {
    const die = site.reference(AT.callOrigin) ?? site.reference(AT.abstractOrigin);
    if (!die) return undefined;
    const low = die.address(AT.lowPc);
    if (low !== undefined) return low;
    const name = linkageNameOf(die) ?? die.name;
    const found = name === undefined ? [] : this.symbols.withName(name).filter(({ kind }) => kind !== 'object');
    return found.length === 1 ? found[0].address : undefined;
  }
}

interface CallSite {
  /** The address after the call. */
  pc: bigint;
  isTail: boolean;
  target: bigint | undefined;
}

/** A chain of tail calls, and the numbers of calls at its outer and inner ends that all chains have in common. */
interface Chain {
  calls: readonly bigint[];
  outer: number;
  inner: number;
}

/**
 * Reduces the known calls of a chain to those that another chain also has (gdb: chain_candidate). Returns undefined if
 * the chains have nothing in common.
 */
function withCommonParts({ calls, outer, inner }: Chain, other: readonly bigint[]): Chain | undefined {
  const isSame = (fromEnd: boolean) => (_: bigint, i: number) =>
    fromEnd ? calls.at(-1 - i) === other.at(-1 - i) : calls[i] === other[i];
  const common = (limit: number, fromEnd: boolean) => {
    const count = Math.min(limit, other.length);
    const different = other.slice(0, count).findIndex((pc, i) => !isSame(fromEnd)(pc, i));
    return different < 0 ? count : different;
  };
  const result = { calls, outer: common(outer, false), inner: common(inner, true) };
  return result.outer === 0 && result.inner === 0 ? undefined : result;
}

function knownCalls({ calls, outer, inner }: Chain): bigint[] {
  if (outer === calls.length || inner === calls.length) return [...calls];
  return [...calls.slice(0, outer), ...calls.slice(calls.length - inner)];
}

/** The maximum number of calls to follow; real programs need a few dozen. */
const STEPS_MAX = 5000;
/** The maximum nesting depth of blocks; only damaged files exceed it. */
const DEPTH_MAX = 200;
