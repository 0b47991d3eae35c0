import { deviceTreeDoesNotFit } from '../../../messages/boot.ts';
import type { GuestAddress } from '../../base/quantities.ts';
import { BASE_INTEGERS, extensionsIn, LEGACY_ISA, ISA } from '../cpu/extensions.ts';
import { BLOCK_BYTES } from '../cpu/layout.ts';
import { MMU, type MmuType } from '../cpu/satp.ts';
import { cells64, writeFdt, type FdtNode } from './fdt.ts';

/** The machine and the boot configuration that a device tree describes. */
export interface DeviceTreeOptions {
  memoryBytes: number;
  harts?: number;
  /** The instruction set; by default, that of new machines. */
  isa?: string;
  /** The deepest page tables supported; by default, those of new machines. */
  mmu?: MmuType;
  /** The kernel's command line. */
  bootargs?: string;
  /** `/chosen/rng-seed`, which seeds Linux's random number generator; without it, getrandom may block forever. */
  rngSeed?: Uint8Array;
  /** The address of the initial RAM disk; `end` is the first byte after it. */
  initrd?: { start: GuestAddress; end: GuestAddress };
  /**
   * The built-in firmware's RAM, which the kernel must not use. OpenSBI adds its own reservation to the tree itself.
   */
  reserved?: { start: GuestAddress; lengthBytes: number };
}

/**
 * Builds the machine's device tree, as a flattened device tree. It has the nodes, properties and phandles that QEMU
 * 7.2's `virt` has for the devices implemented here, in QEMU's order, so that guests see these devices exactly as on
 * QEMU. The instruction set is described as in QEMU 10. PCI, flash, fw_cfg, PMU and the platform bus are omitted. As in
 * QEMU, the phandles depend on the number of harts: they are assigned from the last hart to the first, each hart
 * followed by its interrupt controller, and then to the PLIC and the test device.
 */
export function buildDeviceTree(options: DeviceTreeOptions): Uint8Array {
  const harts = options.harts ?? 1;
  const { isa = ISA, mmu = MMU } = options;
  const phandles: Phandles = { plic: 2 * harts + 1, testDevice: 2 * harts + 2, harts, isa, mmu };
  return writeFdt({
    name: '',
    properties: {
      '#address-cells': [2],
      '#size-cells': [2],
      compatible: 'riscv-virtio',
      model: 'riscv-virtio,qemu',
    },
    children: [
      ...(options.reserved ? [reservedMemory(options.reserved)] : []),
      chosen(options),
      powerNode('poweroff', 0x5555, phandles),
      powerNode('reboot', 0x7777, phandles),
      {
        name: `memory@${RAM_BASE.toString(16)}`,
        properties: { device_type: 'memory', reg: [...cells64(RAM_BASE), ...cells64(options.memoryBytes)] },
      },
      cpus(phandles),
      soc(phandles),
    ],
  });
}

/**
 * The address at which QEMU 7.2 puts the tree (hw/riscv/boot.c, riscv_load_fdt): the last multiple of 2 MiB at which
 * the whole tree is within RAM and below 3 GiB. Throws if this address is not above the start of RAM, where the first
 * boot stage is (QEMU reports "ROM regions are overlapping").
 */
export function deviceTreeAddress(options: { memoryBytes: number; sizeBytes: number }): GuestAddress {
  const { memoryBytes, sizeBytes } = options;
  const limit = Math.min(RAM_BASE + memoryBytes, THREE_GIB);
  const address = Math.floor((limit - sizeBytes) / TWO_MIB) * TWO_MIB;
  if (address <= RAM_BASE) throw deviceTreeDoesNotFit(sizeBytes, memoryBytes);
  return address;
}

const RAM_BASE = 0x8000_0000;
const TWO_MIB = 2 * 1024 * 1024;
const THREE_GIB = 3 * 1024 * 1024 * 1024;
const TIMEBASE_HERTZ = 10_000_000;
const UART_CLOCK_HERTZ = 3_686_400;
const UART_SOURCE = 10;
const RTC_SOURCE = 11;
const VIRTIO_SLOTS = 8;
const PLIC_SOURCES = 0x60;

// Interrupt numbers of a hart (Volume II, mcause).
const SOFTWARE_M = 3;
const TIMER_M = 7;
const EXTERNAL_S = 9;
const EXTERNAL_M = 11;

interface Phandles {
  harts: number;
  isa: string;
  mmu: MmuType;
  plic: number;
  testDevice: number;
}

function hartHandle(hart: number, { harts }: Phandles): number {
  return 2 * (harts - 1 - hart) + 1;
}

function controllerHandle(hart: number, phandles: Phandles): number {
  return hartHandle(hart, phandles) + 1;
}

function chosen({ bootargs, initrd, rngSeed }: DeviceTreeOptions): FdtNode {
  return {
    name: 'chosen',
    properties: {
      ...(initrd && { 'linux,initrd-end': [initrd.end], 'linux,initrd-start': [initrd.start] }),
      ...(rngSeed && { 'rng-seed': rngSeed }),
      ...(bootargs !== undefined && { bootargs }),
      'stdout-path': '/soc/serial@10000000',
    },
  };
}

/** Devicetree Specification 0.4, 3.5. */
function reservedMemory({ start, lengthBytes }: { start: GuestAddress; lengthBytes: number }): FdtNode {
  const firmware: FdtNode = {
    name: `firmware@${start.toString(16)}`,
    properties: { reg: [...cells64(start), ...cells64(lengthBytes)], 'no-map': true },
  };
  return {
    name: 'reserved-memory',
    properties: { '#address-cells': [2], '#size-cells': [2], ranges: true },
    children: [firmware],
  };
}

function powerNode(name: string, value: number, { testDevice }: Phandles): FdtNode {
  return {
    name,
    properties: { value: [value], offset: [0], regmap: [testDevice], compatible: `syscon-${name}` },
  };
}

function cpus(phandles: Phandles): FdtNode {
  const harts = Array.from({ length: phandles.harts }, (_, hart) => hart);
  const cores = harts.map((hart) => ({ name: `core${hart}`, properties: { cpu: [hartHandle(hart, phandles)] } }));
  return {
    name: 'cpus',
    properties: { '#address-cells': [1], '#size-cells': [0], 'timebase-frequency': [TIMEBASE_HERTZ] },
    children: [
      ...harts.map((hart) => cpu(hart, phandles)),
      { name: 'cpu-map', properties: {}, children: [{ name: 'cluster0', properties: {}, children: cores }] },
    ],
  };
}

function cpu(hart: number, phandles: Phandles): FdtNode {
  return {
    name: `cpu@${hart.toString(16)}`,
    properties: {
      phandle: [hartHandle(hart, phandles)],
      device_type: 'cpu',
      reg: [hart],
      status: 'okay',
      compatible: 'riscv',
      ...instructionSet(phandles.isa),
      'mmu-type': `riscv,${phandles.mmu}`,
    },
    children: [
      {
        name: 'interrupt-controller',
        properties: {
          '#interrupt-cells': [1],
          'interrupt-controller': true,
          compatible: 'riscv,cpu-intc',
          phandle: [controllerHandle(hart, phandles)],
        },
      },
    ],
  };
}

/**
 * The instruction set as QEMU 10 describes it: `riscv,isa` as one string, followed by lists of the same extensions. The
 * machines in the earliest recordings have only the string.
 */
function instructionSet(isa: string): FdtNode['properties'] {
  if (isa === LEGACY_ISA) return { 'riscv,isa': isa };
  const extensions = extensionsIn(isa);
  const blockSize = (name: string) =>
    extensions.includes(`zi${name}`) && { [`riscv,${name}-block-size`]: [BLOCK_BYTES] };
  return {
    ...blockSize('cbop'),
    ...blockSize('cboz'),
    ...blockSize('cbom'),
    'riscv,isa-extensions': extensions,
    'riscv,isa-base': BASE_INTEGERS,
    'riscv,isa': isa,
  };
}

function soc(phandles: Phandles): FdtNode {
  const slots = Array.from({ length: VIRTIO_SLOTS }, (_, slot) => virtioSlot(slot, phandles));
  return {
    name: 'soc',
    properties: { '#address-cells': [2], '#size-cells': [2], compatible: 'simple-bus', ranges: true },
    children: [
      realTimeClock(phandles),
      serial(phandles),
      testDevice(phandles),
      ...slots.reverse(),
      plic(phandles),
      clint(phandles),
    ],
  };
}

function realTimeClock({ plic }: Phandles): FdtNode {
  return {
    name: 'rtc@101000',
    properties: {
      interrupts: [RTC_SOURCE],
      'interrupt-parent': [plic],
      reg: [0, 0x10_1000, 0, 0x1000],
      compatible: 'google,goldfish-rtc',
    },
  };
}

function serial({ plic }: Phandles): FdtNode {
  return {
    name: 'serial@10000000',
    properties: {
      interrupts: [UART_SOURCE],
      'interrupt-parent': [plic],
      'clock-frequency': [UART_CLOCK_HERTZ],
      reg: [0, 0x1000_0000, 0, 0x100],
      compatible: 'ns16550a',
    },
  };
}

function testDevice(phandles: Phandles): FdtNode {
  return {
    name: 'test@100000',
    properties: {
      phandle: [phandles.testDevice],
      reg: [0, 0x10_0000, 0, 0x1000],
      compatible: ['sifive,test1', 'sifive,test0', 'syscon'],
    },
  };
}

function virtioSlot(slot: number, { plic }: Phandles): FdtNode {
  const address = 0x1000_1000 + slot * 0x1000;
  return {
    name: `virtio_mmio@${address.toString(16)}`,
    properties: {
      interrupts: [slot + 1],
      'interrupt-parent': [plic],
      reg: [0, address, 0, 0x1000],
      compatible: 'virtio,mmio',
    },
  };
}

function plic(phandles: Phandles): FdtNode {
  return {
    name: 'plic@c000000',
    properties: {
      phandle: [phandles.plic],
      'riscv,ndev': [PLIC_SOURCES],
      // QEMU VIRT_PLIC_SIZE: the contexts' registers start at 0x200000, with 0x1000 bytes for each of
      // 1024 contexts.
      reg: [0, 0xc00_0000, 0, 0x60_0000],
      'interrupts-extended': forEachHart(phandles, [EXTERNAL_M, EXTERNAL_S]),
      'interrupt-controller': true,
      compatible: ['sifive,plic-1.0.0', 'riscv,plic0'],
      '#address-cells': [0],
      '#interrupt-cells': [1],
    },
  };
}

function clint(phandles: Phandles): FdtNode {
  return {
    name: 'clint@2000000',
    properties: {
      'interrupts-extended': forEachHart(phandles, [SOFTWARE_M, TIMER_M]),
      reg: [0, 0x200_0000, 0, 0x1_0000],
      compatible: ['sifive,clint0', 'riscv,clint0'],
    },
  };
}

function forEachHart(phandles: Phandles, interrupts: number[]): number[] {
  const cells: number[] = [];
  for (let hart = 0; hart < phandles.harts; hart++) {
    for (const interrupt of interrupts) cells.push(controllerHandle(hart, phandles), interrupt);
  }
  return cells;
}
