import { deviceTreeDoesNotFit } from '../../../messages/boot.ts';
import type { GuestAddress } from '../../base/quantities.ts';
import { IRQ } from '../../isa/traps.ts';
import { BASE_INTEGERS, extensionsIn, LEGACY_ISA, ISA } from '../cpu/extensions.ts';
import { BLOCK_BYTES } from '../cpu/layout.ts';
import { MMU, type MmuType } from '../cpu/satp.ts';
import { SOURCES } from '../devices/plicRegisters.ts';
import { TEST_DEVICE_VALUES } from '../devices/testDevice.ts';
import {
  type DeviceRange,
  type InterruptingRange,
  MEMORY_MAP,
  RAM_BASE,
  TIMEBASE_HERTZ,
  UART_CLOCK_HERTZ,
} from '../memoryMap.ts';
import { cells64, writeFdt, type FdtNode } from './fdt.ts';

/** The machine and the boot configuration that a device tree describes. */
export interface DeviceTreeOptions {
  memoryBytes: number;
  harts?: number;
  /** The instruction set; by default, `ISA` (cpu/extensions.ts). */
  isa?: string;
  /** The deepest page tables supported; by default, `MMU` (cpu/satp.ts). */
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
 * Builds the machine's device tree in the flattened format. The tree has the nodes, properties and phandles that QEMU
 * 7.2's `virt` has for the devices of this machine, in QEMU's order, so that guests see these devices exactly as they
 * would on QEMU. The instruction set is described as in QEMU 10. PCI, flash, fw_cfg, PMU and the platform bus are
 * omitted. As in QEMU, the phandles depend on the number of harts: they are assigned from the last hart to the first,
 * each hart followed by its interrupt controller, and then to the PLIC and the test device.
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
      powerNode('poweroff', TEST_DEVICE_VALUES.pass, phandles),
      powerNode('reboot', TEST_DEVICE_VALUES.reset, phandles),
      {
        name: at('memory', RAM_BASE),
        properties: { device_type: 'memory', reg: reg({ base: RAM_BASE, lengthBytes: options.memoryBytes }) },
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

const TWO_MIB = 2 * 1024 * 1024;
const THREE_GIB = 3 * 1024 * 1024 * 1024;

/** A node's name with its unit address. */
const at = (name: string, base: GuestAddress): string => `${name}@${base.toString(16)}`;
const reg = ({ base, lengthBytes }: Pick<DeviceRange, 'base' | 'lengthBytes'>): number[] => [
  ...cells64(base),
  ...cells64(lengthBytes),
];

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
      'stdout-path': `/soc/${at('serial', MEMORY_MAP.uart.base)}`,
    },
  };
}

/** The /reserved-memory node (Devicetree Specification 0.4, 3.5). */
function reservedMemory({ start, lengthBytes }: { start: GuestAddress; lengthBytes: number }): FdtNode {
  const firmware: FdtNode = {
    name: at('firmware', start),
    properties: { reg: reg({ base: start, lengthBytes }), 'no-map': true },
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
  const slots = MEMORY_MAP.virtioSlots.map((slot) => virtioSlot(slot, phandles));
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
    name: at('rtc', MEMORY_MAP.rtc.base),
    properties: {
      interrupts: [MEMORY_MAP.rtc.source],
      'interrupt-parent': [plic],
      reg: reg(MEMORY_MAP.rtc),
      compatible: 'google,goldfish-rtc',
    },
  };
}

function serial({ plic }: Phandles): FdtNode {
  return {
    name: at('serial', MEMORY_MAP.uart.base),
    properties: {
      interrupts: [MEMORY_MAP.uart.source],
      'interrupt-parent': [plic],
      'clock-frequency': [UART_CLOCK_HERTZ],
      reg: reg(MEMORY_MAP.uart),
      compatible: 'ns16550a',
    },
  };
}

function testDevice(phandles: Phandles): FdtNode {
  return {
    name: at('test', MEMORY_MAP.testDevice.base),
    properties: {
      phandle: [phandles.testDevice],
      reg: reg(MEMORY_MAP.testDevice),
      compatible: ['sifive,test1', 'sifive,test0', 'syscon'],
    },
  };
}

function virtioSlot(slot: InterruptingRange, { plic }: Phandles): FdtNode {
  return {
    name: at('virtio_mmio', slot.base),
    properties: {
      interrupts: [slot.source],
      'interrupt-parent': [plic],
      reg: reg(slot),
      compatible: 'virtio,mmio',
    },
  };
}

function plic(phandles: Phandles): FdtNode {
  return {
    name: at('plic', MEMORY_MAP.plic.base),
    properties: {
      phandle: [phandles.plic],
      'riscv,ndev': [SOURCES],
      reg: reg(MEMORY_MAP.plic),
      'interrupts-extended': forEachHart(phandles, [IRQ.MEI, IRQ.SEI]),
      'interrupt-controller': true,
      compatible: ['sifive,plic-1.0.0', 'riscv,plic0'],
      '#address-cells': [0],
      '#interrupt-cells': [1],
    },
  };
}

function clint(phandles: Phandles): FdtNode {
  return {
    name: at('clint', MEMORY_MAP.clint.base),
    properties: {
      'interrupts-extended': forEachHart(phandles, [IRQ.MSI, IRQ.MTI]),
      reg: reg(MEMORY_MAP.clint),
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
