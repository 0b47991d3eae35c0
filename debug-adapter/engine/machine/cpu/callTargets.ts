import { type Code, type Local, i32, i64, ifElse, sequence, set, when } from '../../base/wasm/code.ts';
import { CALL_TARGETS, CALL_TARGETS_ENTRIES } from './layout.ts';

/** x1, the return address register in the standard calling convention. */
export const RETURN_ADDRESS = 1;

/**
 * Records `target` in CALL_TARGETS as the target of the call that returns to `link`; `at` is a scratch local. If the
 * target never varies, a translation of the caller inlines the called function. The table is not machine state, and
 * colliding entries overwrite each other.
 */
export function recordCall({ link, target, at }: { link: Code; target: Code; at: Local }): Code {
  return sequence(
    set(at, i32.and(i32.shl(i32.wrap(link), i32.const(3)), i32.const((CALL_TARGETS_ENTRIES - 1) << 4))),
    ifElse(
      i64.eq(i64.load(at.get, CALL_TARGETS), link),
      when(
        i64.ne(i64.and(i64.load(at.get, CALL_TARGETS + 8), i64.const(-2)), target),
        i64.store(at.get, i64.or(target, i64.const(1)), CALL_TARGETS + 8),
      ),
      sequence(i64.store(at.get, link, CALL_TARGETS), i64.store(at.get, target, CALL_TARGETS + 8)),
    ),
  );
}

/**
 * The target of the last indirect call that returns to `returnsTo`, and whether earlier executions of the call had
 * different targets; undefined if unknown.
 */
export function lastCallTarget(view: DataView, returnsTo: bigint): { callee: bigint; varies: boolean } | undefined {
  const at = CALL_TARGETS + (Number(returnsTo & BigInt(CALL_TARGETS_ENTRIES * 2 - 1)) >> 1) * 16;
  if (view.getBigInt64(at, true) !== returnsTo) return undefined;
  const target = view.getBigInt64(at + 8, true);
  return { callee: target & ~1n, varies: (target & 1n) !== 0n };
}
