/** Breakpoints on every function and line have the same addresses as in gdb. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { requireTool, runTool } from '../../support/tools.ts';
import { hex, COMPARED_FILES, open } from './support/fixtures.ts';
import { breakpointsOfGdb, GDB } from './support/gdb.ts';
import { some } from '../../support/extent.ts';

for (const file of some(COMPARED_FILES, 4)) {
  test(`breakpoints on functions have the same addresses as in gdb: ${path.basename(file)}`, (t) => {
    if (!requireTool(GDB, t)) return;
    const symbols = open(file);
    const names = functionNames(file).filter((name) => symbols.functionsNamed(name).length === 1);
    assert.ok(names.length > 0);
    const gdb = breakpointsOfGdb(file, names);
    for (const name of names) {
      // If the function is also inlined elsewhere, gdb's breakpoint includes the inlined copies, which are left out
      // here.
      const [found] = symbols.functionsNamed(name);
      const inside = gdb
        .get(name)
        ?.addresses.filter((address) => found.ranges.some((r) => r.start <= address && address < r.end));
      assert.deepEqual([symbols.breakpointAddress(found)].map(hex), inside?.map(hex), name);
    }
  });

  test(`breakpoints on lines have the same addresses as in gdb: ${path.basename(file)}`, (t) => {
    if (!requireTool(GDB, t)) return;
    const symbols = open(file);
    // Compares only the last path component, because gdb treats `./demo/../lib/x.h` and `./lib/x.h` as two files.
    const sources = new Set(symbols.files().map((source) => path.basename(source.path)));
    const positions = [...sources].flatMap((source) => {
      const last = symbols.breakpointLines(source).at(-1) ?? 0;
      return Array.from({ length: last }, (_, i) => ({ source, line: i + 1 }));
    });
    assert.ok(positions.length > 10);
    const gdb = breakpointsOfGdb(
      file,
      positions.map(({ source, line }) => `${source}:${line}`),
    );
    let compared = 0;
    for (const { source, line } of positions) {
      const expected = gdb.get(`${source}:${line}`);
      // gdb rejects a breakpoint on a line before a function; blkreplay moves such a breakpoint to the function.
      if (!expected) continue;
      const found = symbols.addressesOfLine(source, line);
      assert.deepEqual(found?.addresses.map(hex), expected.addresses.map(hex), `${source}:${line}`);
      compared++;
    }
    assert.ok(compared > positions.length / 3, `${compared} of ${positions.length} breakpoints compared`);
  });
}

function functionNames(file: string): string[] {
  const table = runTool('riscv64-unknown-elf-readelf', ['-sW', file]);
  return [...new Set([...table.matchAll(/ FUNC .* (\S+)$/gm)].map(([, name]) => name.replace(/\..*/, '')))];
}
