import {
  I32,
  type Code,
  type Local,
  block,
  br,
  brIf,
  call,
  i32,
  i64,
  ifElse,
  label,
  loop,
  memoryFill,
  select,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import { type Core, setSlot32, slot32 } from './coreContext.ts';
import {
  DATA_CONTEXTS,
  DATA_CONTEXT_BYTES,
  DECODE_PAGES,
  ENTRY_BYTES,
  FETCH_CONTEXTS,
  FETCH_CONTEXT_BYTES,
  FETCH_TLB,
  FLUSH_LIST,
  FLUSH_LIST_ENTRIES,
  PAGE_CODE,
  PAGE_DIRTY_ALL,
  PAGE_FLAGS,
  PAGE_READS_WATCHED,
  PAGE_TABLE,
  PAGE_TRANSLATED,
  PAGE_WATCHED,
  RAM_BASE,
  READ_TLB,
  TAG_HAS_CODE,
  TAG_WATCHED,
  TLB_BYTES,
  TLB_ENTRIES,
  WATCHED_WORDS,
  WRITE_TLB,
} from './layout.ts';

/**
 * Defines page flags and TLB flushes. One hook serves address translation, dirty tracking, self-modifying code and
 * watchpoints: a page is in the write TLB only while all its dirty flags are set and it is not a page table in use. If
 * the page contains code or watched bytes, the entry has tag bits and permits only writes that affect neither. All
 * other writes call `touch` first.
 */
export function definePages(core: Core): void {
  defineTouch(core);
  defineBecomeTable(core);
  defineRecordFilled(core);
  defineFlushPaged(core);
  defineFlushAll(core);
  const { builder, functions } = core;
  builder.define(functions.flushWrites, () =>
    sequence(
      flushWriteTlb(0),
      // If the list of filled entries is empty, so are the write TLBs of all contexts except context 0.
      when(slot32('FLUSH_COUNT'), ...Array.from({ length: DATA_CONTEXTS - 1 }, (_, i) => flushWriteTlb(i + 1))),
    ),
  );
}

const flushWriteTlb = (context: number): Code =>
  memoryFill(i32.const(WRITE_TLB + context * DATA_CONTEXT_BYTES), i32.const(-1), i32.const(TLB_BYTES));

function defineFlushAll({ builder, functions }: Core): void {
  const bytes = DATA_CONTEXTS * DATA_CONTEXT_BYTES + FETCH_CONTEXTS * FETCH_CONTEXT_BYTES;
  builder.define(functions.flushAll, () =>
    sequence(memoryFill(i32.const(READ_TLB), i32.const(-1), i32.const(bytes)), setSlot32('FLUSH_COUNT', i32.const(0))),
  );
}

function defineTouch({ builder, functions }: Core): void {
  builder.define(functions.touch, (frame) => {
    const [offset, length] = frame.parameters;
    const flagsAt = frame.local(I32);
    const flags = frame.local(I32);
    return sequence(
      set(flagsAt, i32.add(i32.shrU(offset.get, i32.const(12)), i32.const(PAGE_FLAGS))),
      set(flags, i32.load8u(flagsAt.get)),
      when(
        i32.and(flags.get, i32.const(PAGE_CODE)),
        dropDecoded(frame.local(I32), frame.local(I32), offset.get, length.get),
      ),
      when(i32.and(flags.get, i32.const(PAGE_TRANSLATED)), call(functions.codeWritten, offset.get, length.get)),
      when(
        i32.and(flags.get, i32.const(PAGE_WATCHED)),
        when(includesWatchedWord(offset.get, length.get), call(functions.watchWrite, offset.get, length.get)),
      ),
      // Before SFENCE.VMA, it is unspecified whether a change to the page tables has taken effect. On this machine, the
      // change always takes effect immediately, so the TLBs' contents are never observable and can be dropped at any
      // time, for example by a snapshot. ATTENTION makes the interpreter leave its loop, so PC is translated again too.
      when(i32.and(flags.get, i32.const(PAGE_TABLE)), call(functions.flushPaged), setSlot32('ATTENTION', i32.const(1))),
      // Read the flags again, because the page's last region may have been removed in the meantime.
      i32.store8(
        flagsAt.get,
        i32.or(i32.and(i32.load8u(flagsAt.get), i32.const(~PAGE_TABLE)), i32.const(PAGE_DIRTY_ALL)),
      ),
    );
  });

  /**
   * Resets all entries for instructions that overlap the bytes to UNDECODED. The first such instruction may start one
   * halfword before the bytes.
   */
  function dropDecoded(entry: Local, end: Local, offset: Code, length: Code): Code {
    const again = label();
    const inPage = i32.and(offset, i32.const(0xfff));
    const first = i32.shrU(inPage, i32.const(1));
    const entries = i32.load(i32.shl(i32.shrU(offset, i32.const(12)), i32.const(2)), DECODE_PAGES);
    const last = i32.shrU(i32.sub(i32.add(inPage, length), i32.const(1)), i32.const(1));
    return sequence(
      set(
        entry,
        i32.add(entries, i32.mul(i32.sub(first, select(first, i32.const(1), i32.const(0))), i32.const(ENTRY_BYTES))),
      ),
      set(end, i32.add(entries, i32.mul(last, i32.const(ENTRY_BYTES)))),
      loop(
        again,
        i32.store8(entry.get, i32.const(0)),
        set(entry, i32.add(entry.get, i32.const(ENTRY_BYTES))),
        brIf(again, i32.leU(entry.get, end.get)),
      ),
    );
  }
}

function defineBecomeTable({ builder, functions }: Core): void {
  builder.define(functions.markPageTable, (frame) => {
    const [page] = frame.parameters;
    const entry = frame.local(I32);
    const index = i32.and(i32.add(page.get, i32.const(RAM_BASE >>> 12)), i32.const(TLB_ENTRIES - 1));
    const address = i64.add(i64.shl(i64.extendU(page.get), i64.const(12)), i64.const(RAM_BASE));
    return sequence(
      i32.store8(page.get, i32.or(i32.load8u(page.get, PAGE_FLAGS), i32.const(PAGE_TABLE)), PAGE_FLAGS),
      // Removes the page from the write TLBs. In the untranslated TLB, the index of the page's entry is known, so only
      // that entry is removed; the other TLBs are cleared.
      set(entry, i32.shl(index, i32.const(4))),
      when(
        i64.eq(i64.and(i64.load(entry.get, WRITE_TLB), i64.const(~(TAG_HAS_CODE | TAG_WATCHED))), address),
        i64.store(entry.get, i64.const(-1), WRITE_TLB),
      ),
      call(functions.flushPaged),
    );
  });
}

function defineRecordFilled({ builder, functions }: Core): void {
  builder.define(functions.recordFilled, (frame) => {
    const [entry] = frame.parameters;
    const count = frame.local(I32);
    return sequence(
      set(count, slot32('FLUSH_COUNT')),
      // If the list is full, only the count increases, and its value makes the next flush clear all entries.
      when(
        i32.ltU(count.get, i32.const(FLUSH_LIST_ENTRIES)),
        i32.store(i32.shl(count.get, i32.const(2)), entry.get, FLUSH_LIST),
      ),
      setSlot32('FLUSH_COUNT', i32.add(count.get, i32.const(1))),
    );
  });
}

function defineFlushPaged({ builder, functions }: Core): void {
  builder.define(functions.flushPaged, (frame) => {
    const left = frame.local(I32);
    const done = label();
    const next = label();
    return sequence(
      set(left, slot32('FLUSH_COUNT')),
      ifElse(
        i32.gtU(left.get, i32.const(FLUSH_LIST_ENTRIES)),
        sequence(
          memoryFill(
            i32.const(READ_TLB + DATA_CONTEXT_BYTES),
            i32.const(-1),
            i32.const((DATA_CONTEXTS - 1) * DATA_CONTEXT_BYTES),
          ),
          memoryFill(
            i32.const(FETCH_TLB + FETCH_CONTEXT_BYTES),
            i32.const(-1),
            i32.const((FETCH_CONTEXTS - 1) * FETCH_CONTEXT_BYTES),
          ),
        ),
        block(
          done,
          loop(
            next,
            brIf(done, i32.eqz(left.get)),
            set(left, i32.sub(left.get, i32.const(1))),
            i64.store(i32.load(i32.shl(left.get, i32.const(2)), FLUSH_LIST), i64.const(-1)),
            br(next),
          ),
        ),
      ),
      setSlot32('FLUSH_COUNT', i32.const(0)),
    );
  });
}

/** Must be called before `length` bytes at an offset in RAM are written; the bytes must be in a single page. */
export const touch = (core: Core, offset: Code, length: Code): Code => call(core.functions.touch, offset, length);

/** Must be called after `length` bytes at an offset in RAM have been read; the bytes must be in a single page. */
export const afterRead = (core: Core, offset: Code, length: Code): Code =>
  when(
    i32.and(i32.load8u(i32.shrU(offset, i32.const(12)), PAGE_FLAGS), i32.const(PAGE_READS_WATCHED)),
    when(includesWatchedWord(offset, length), call(core.functions.watchRead, offset, length)),
  );

/**
 * Whether a range of bytes in one page may include a watched word. The bits of 17 words are read together; this is
 * enough for a cache block. A longer range counts as watched.
 */
function includesWatchedWord(offset: Code, length: Code): Code {
  const first = i32.shrU(offset, i32.const(2));
  const last = i32.shrU(i32.sub(i32.add(offset, length), i32.const(1)), i32.const(2));
  const bits = i32.shrU(i32.load(i32.shrU(first, i32.const(3)), WATCHED_WORDS), i32.and(first, i32.const(7)));
  const mask = i32.sub(i32.shl(i32.const(2), i32.sub(last, first)), i32.const(1));
  return select(i32.gtU(length, i32.const(64)), i32.const(1), i32.and(bits, mask));
}
