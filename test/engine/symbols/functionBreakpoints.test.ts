/** Functions are found by the names that people type, and breakpoints on them have the same addresses as in gdb. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameQuery } from '../../../debug-adapter/engine/symbols/functions/nameQuery.ts';
import { requireTool } from '../../support/tools.ts';
import { fixture, hex, open } from './support/fixtures.ts';
import { breakpointsOfGdb, GDB } from './support/gdb.ts';

const CPP = fixture('names/names-cpp');

/** Names of C++ functions that gdb accepts, each with the number of locations of the breakpoint. */
const NAMES: [name: string, locations: number][] = [
  ['main', 1],
  ['main()', 1],
  ['area', 3],
  ['Box::area', 3],
  ['ns::Box::area', 3],
  ['ns::Box::area(char const*, unsigned long)', 1],
  ['Box::area( const char *,unsigned long )', 1],
  ['f', 2],
  ['ns::f', 1],
  ['f(int)', 2],
  ['v1::g', 1],
  ['hidden', 1],
  ['(anonymous namespace)::hidden', 1],
  ['deep::level', 1],
  ['largest', 2],
  ['largest<int>', 1],
  ['largest<unsigned long>(unsigned long, unsigned long)', 1],
  ['List<int,3>::size', 1],
  ['List::size', 2],
  ['converted', 2],
  ['ns::Box::converted<long>(long)', 1],
  ['operator<', 1],
  ['Box::operator()', 1],
  ['operator bool', 1],
  ['Box::Box', 1],
  ['ns::Box::Box(int)', 1],
  ['Box::~Box', 1],
  ['Inner::go', 1],
  ['inlined', 2],
  ['names.cpp:f', 2],
  ['names.cpp:ns::f', 1],
  ['takes(int (*)(int), int (&) [3], ns::Box const&, unsigned long, long long, unsigned char)', 1],
  ['_ZNK2ns3Box4areaEi', 1],
];

test('a breakpoint on the name of a C++ function has the same addresses as in gdb', (t) => {
  const symbols = open(CPP);
  for (const [name, locations] of NAMES) assert.equal(symbols.functionBreakpoints(name).length, locations, name);
  if (!requireTool(GDB, t)) return;
  const gdb = breakpointsOfGdb(
    CPP,
    NAMES.map(([name]) => name),
  );
  for (const [name] of NAMES) {
    assert.deepEqual(symbols.functionBreakpoints(name).map(hex), gdb.get(name)?.addresses.map(hex), name);
  }
});

test('the const qualifier of a method may be omitted, but wrong or incomplete names find no function', () => {
  const symbols = open(CPP);
  assert.equal(symbols.functionBreakpoints('Box::area(int)').length, 1);
  assert.equal(symbols.functionBreakpoints('Box::area()').length, 1);
  for (const name of ['x::area', 'Box::area(long)', 'rea', 'other.cpp:f', 'largest<short>', '', '::', '(', 'f(']) {
    assert.deepEqual(symbols.functionBreakpoints(name), [], name);
  }
});

test('Rust functions are found by path, by type and method name, and by trait and method name', () => {
  const symbols = open(fixture('names/names-rust'));
  const [area] = symbols.functionsNamed('names::{impl#1}::area');
  assert.equal(area.name, 'names::{impl#1}::area');
  const sameAs = (...names: string[]) => {
    const [first, ...rest] = names.map((name) => symbols.functionBreakpoints(name).map(hex).join());
    assert.notEqual(first, '', names[0]);
    for (const each of rest) assert.equal(each, first, names.join());
  };
  sameAs('names::{impl#1}::area', 'area', 'Point::area', 'Area::area', '<names::Point as names::Area>::area');
  sameAs('shift', 'Point::shift', 'names::Point::shift');
  sameAs('level', 'er::level', 'names::deep::er::level');
  sameAs('names::apply', 'apply', 'apply::<names::main::{closure_env#0}>', 'names.rs:apply');
  assert.equal(symbols.functionBreakpoints('Pair::first').length, 2);
  assert.equal(symbols.functionBreakpoints('names::Pair<i64>::first').length, 1);
});

test('a function that is known only from the symbol table is found by its demangled name', () => {
  const symbols = open(fixture('names/stripped-cpp'));
  assert.equal(symbols.hasDebugInfo, false);
  const [area] = symbols.functionsNamed('Box::area(char const*, unsigned long)');
  assert.equal(area.name, 'ns::Box::area');
  assert.equal(symbols.functionAt(area.low)?.name, 'ns::Box::area');
  assert.equal(symbols.functionBreakpoints('area').length, 3);
  assert.equal(symbols.functionBreakpoints('operator<').length, 1);
});

test('matching a name takes little time, even for pathological text', () => {
  for (const part of ['<', '(', '::', 'operator', 'operator(', ')>', 'const ', ':', '(anonymous namespace)']) {
    const query = new NameQuery(part.repeat(5000));
    assert.equal(query.matches('ns::Box::area'), false, part);
    query.matchesParameters(part.repeat(5000));
  }
});

test('a breakpoint on a function that starts with patchable space has one location, after that space', () => {
  const symbols = open(fixture('names/patchable'));
  const [{ address }] = symbols.symbolsNamed('traced');
  const [traced, ...others] = symbols.functionsNamed('traced');
  assert.deepEqual([others.length, traced.low > address], [0, true]);
  assert.deepEqual(symbols.functionBreakpoints('traced').map(hex), [hex(traced.low)]);
});
