import { type Code, I32, br, brIf, i32, i64, label, loop, ret, sequence, set, when } from '../../base/wasm/code.ts';
import { type Core, slot32 } from './coreContext.ts';
import { PAGE_FLAGS } from './layout.ts';

/**
 * Defines the functions that find RAM pages by their flags and clear the flags. They process eight pages at a time,
 * which is possible because the size of RAM is a multiple of 1 MiB.
 */
export function definePageMarks({ builder, functions }: Core): void {
  builder.define(functions.nextFlagged, (frame) => {
    const [page, marks] = frame.parameters;
    const next = label();
    const isMarked = i32.and(i32.load8u(page.get, PAGE_FLAGS), marks.get);
    const noneOfEight = i64.eqz(i64.and(i64.load(page.get, PAGE_FLAGS), ofEight(marks.get)));
    return sequence(
      loop(
        next,
        when(i32.geU(page.get, ramPages), ret(ramPages)),
        when(
          i32.eqz(i32.and(page.get, i32.const(7))),
          when(noneOfEight, set(page, i32.add(page.get, i32.const(8))), br(next)),
        ),
        when(isMarked, ret(page.get)),
        set(page, i32.add(page.get, i32.const(1))),
        br(next),
      ),
      ramPages,
    );
  });
  builder.define(functions.clearPageFlags, (frame) => {
    const [marks] = frame.parameters;
    const page = frame.local(I32);
    const next = label();
    const kept = i64.xor(ofEight(marks.get), i64.const(-1));
    return loop(
      next,
      i64.store(page.get, i64.and(i64.load(page.get, PAGE_FLAGS), kept), PAGE_FLAGS),
      set(page, i32.add(page.get, i32.const(8))),
      brIf(next, i32.ltU(page.get, ramPages)),
    );
  });
}

const ramPages = i32.shrU(slot32('RAM_BYTES'), i32.const(12));

/** The flags, repeated for each of eight pages. */
const ofEight = (marks: Code): Code => i64.mul(i64.extendU(marks), i64.const(0x0101_0101_0101_0101n));
