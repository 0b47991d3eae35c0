/** C++ and Rust linkage names are demangled as by c++filt, and demangling a damaged name takes little time. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { demangle } from '../../../../debug-adapter/engine/symbols/demangling/demangle.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { requireTool } from '../../../support/tools.ts';

const NAMES: [mangled: string, demangled: string][] = [
  ['_ZNK2ns3Box4areaEi', 'ns::Box::area(int) const'],
  ['_ZN2ns3BoxC1Ei', 'ns::Box::Box(int)'],
  ['_ZN2ns3BoxD0Ev', 'ns::Box::~Box()'],
  ['_ZNK2ns3BoxcvbEv', 'ns::Box::operator bool() const'],
  ['_ZNK2ns3BoxltERKS0_', 'ns::Box::operator<(ns::Box const&) const'],
  ['_ZNK2ns3BoxclEi', 'ns::Box::operator()(int) const'],
  ['_ZN12_GLOBAL__N_14deep5levelEv', '(anonymous namespace)::deep::level()'],
  ['_ZL1fi', 'f(int)'],
  ['_ZN5Arena4makeIJifEEEvDpOT_', 'Arena::make<int, float>(int&&, float&&)'],
  ['_ZN2ns3Box9convertedIlEET_S2_', 'ns::Box::converted<long>(long)'],
  ['_ZNK4ListIlLi5EE4sizeEv', 'List<long, 5>::size() const'],
  ['_ZN3MapISt6vectorIiSaIiEE4ListIiLi3EEE3getEv', 'Map<std::vector<int, std::allocator<int> >, List<int, 3> >::get()'],
  [
    '_Z5takesPFiiERA3_iRKN2ns3BoxEmxh',
    'takes(int (*)(int), int (&) [3], ns::Box const&, unsigned long, long long, unsigned char)',
  ],
  ['_Z3useM4BothFivEMS_i', 'use(int (Both::*)(), int Both::*)'],
  ['_ZlsRSoRKSs', 'operator<<(std::ostream&, std::string const&)'],
  ['_ZNSoC1Ev', 'std::basic_ostream<char, std::char_traits<char> >::basic_ostream()'],
  ['_ZNSt8ios_base7failureB5cxx11C1Ev', 'std::ios_base::failure[abi:cxx11]::failure()'],
  ['_ZZ4mainENKUliE_clEi', 'main::{lambda(int)#1}::operator()(int) const'],
  ['_ZZN2ns1fEiEN5Local1mEv', 'ns::f(int)::Local::m()'],
  ['_ZThn16_N4Both5rightEv', 'non-virtual thunk to Both::right()'],
  ['_ZTv0_n24_N7Derived1vEv', 'virtual thunk to Derived::v()'],
  ['_ZTV4Both', 'vtable for Both'],
  ['_ZTC7Diamond16_8Virtual2', 'construction vtable for Virtual2-in-Diamond'],
  ['_ZL3sumi.isra.0', 'sum(int) [clone .isra.0]'],
  ['_ZdlPvm', 'operator delete(void*, unsigned long)'],
  ['_ZN10rust_basic5Point5shift17h833f60d1d721140aE', 'rust_basic::Point::shift'],
  [
    '_ZN54_$LT$rust_basic..Point$u20$as$u20$rust_basic..Area$GT$4area17h159953af23e9b679E',
    '<rust_basic::Point as rust_basic::Area>::area',
  ],
  ['_ZN10rust_basic4main28_$u7b$$u7b$closure$u7d$$u7d$17h89ff1c0b808c69fbE', 'rust_basic::main::{{closure}}'],
  ['_RNvNtNtCsiXsWk91NJrd_10rust_basic4deep2er5level', 'rust_basic::deep::er::level'],
  ['_RNCNvCsiXsWk91NJrd_10rust_basic4main0B3_', 'rust_basic::main::{closure#0}'],
  [
    '_RINvNtCs30YITssOn10_4core3ptr13drop_in_placeNtCsiXsWk91NJrd_10rust_basic5PointEBI_',
    'core::ptr::drop_in_place::<rust_basic::Point>',
  ],
  ['_RNvMs1_CsiXsWk91NJrd_10rust_basicINtB5_5StackxKj3_E3topB5_', '<rust_basic::Stack<i64, 3>>::top'],
];

test('demangled names are the same as those of c++filt, except that the return types of template instances are omitted', (t) => {
  const ours = NAMES.map(([mangled]) => textOf(mangled));
  assert.deepEqual(
    ours,
    NAMES.map(([, demangled]) => demangled),
  );
  if (!requireTool('c++filt', t)) return;
  const input = NAMES.map(([mangled]) => `${mangled}\n`).join('');
  const theirs = execFileSync('c++filt', ['-i'], { input, encoding: 'utf8' }).split('\n');
  NAMES.forEach(([, demangled], i) => assert.ok(theirs[i].endsWith(demangled), `${theirs[i]} is not ${demangled}`));
});

test('plain names and malformed mangled names are not demangled', () => {
  for (const name of ['', 'main', '_start', '_Z', '_ZN', '_R', '_Zzz', '__cxa_atexit', '_Z3ab']) {
    assert.equal(demangle(name), undefined, name);
  }
});

test('damaged names and names with many back references are demangled or rejected quickly', () => {
  const random = new SeededRandom(18);
  for (let round = 0; round < 3000; round++) {
    const [mangled] = NAMES[random.below(NAMES.length)];
    const [other] = NAMES[random.below(NAMES.length)];
    const cut = random.below(mangled.length);
    demangle(mangled.slice(0, cut) + other.slice(random.below(other.length)));
  }
  // Each type refers to the previous one twice, so the full name has 2^40 parts.
  const doubling = Array.from({ length: 40 }, (_, i) => `S${i < 37 ? (i - 1).toString(36).toUpperCase() : '_'}_`);
  assert.equal(demangle(`_Z1f1AIiiE${doubling.map((s) => `1BI${s}${s}E`).join('')}`), undefined);
  assert.equal(demangle(`_Z1f${'P'.repeat(5000)}i`), undefined);
  assert.equal(demangle(`_RNvC1a1b${'RB_'.repeat(100)}`), undefined);
});

function textOf(mangled: string): string | undefined {
  const result = demangle(mangled);
  return result && result.name + result.parameters;
}
