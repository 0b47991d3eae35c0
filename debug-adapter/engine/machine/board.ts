import { assert } from '../base/assert.ts';
import { VIRTIO_SLOTS, type VirtioVersion } from '../base/driveRules.ts';
import type { Drive } from '../block/drive.ts';
import { PlicBefore5 } from './devices/before5/plic.ts';
import { Uart16550Before5 } from './devices/before5/uart16550.ts';
import { VirtioMmioBefore5 } from './devices/before5/virtioMmio.ts';
import { BootRom } from './devices/bootRom.ts';
import { Clint } from './devices/clint.ts';
import type { Device, DeviceContext, GuestMemory, TimedDevice } from './devices/device.ts';
import { GoldfishRtc } from './devices/goldfishRtc.ts';
import { EmptySlot } from './devices/emptySlot.ts';
import { TestDevice } from './devices/testDevice.ts';
import { Plic } from './devices/plic.ts';
import { Uart16550 } from './devices/uart16550.ts';
import { VirtioBlk } from './devices/virtioBlk.ts';
import type { DriveCommand } from './devices/virtioBlkRequest.ts';
import { VirtioMmio } from './devices/virtioMmio.ts';
import { VirtioRng } from './devices/virtioRng.ts';
import { type DeviceRange, MEMORY_MAP } from './memoryMap.ts';
import { CLOCK_PORT } from './ports/clockPort.ts';
import { CONSOLE_PORT } from './ports/consolePort.ts';
import type { DevicePorts } from './ports/devicePorts.ts';
import { ENTROPY_PORT } from './ports/entropyPort.ts';
import type { Semihosting } from './semihosting/semihosting.ts';

/** The machine's clock, and the callbacks that the machine provides for devices (see `DeviceContext`). */
export interface MachineControl {
  now(): number;
  position(): number;
  attention(): void;
  linesFell(): void;
}

/** A drive's virtio slot, and whether the slot uses the legacy transport. */
export interface DriveSlot {
  /** The number of the slot, 0 to VIRTIO_SLOTS - 1. */
  slot: number;
  legacy: boolean;
}

/** A device and its address range on the bus. */
export interface MappedDevice {
  base: number;
  lengthBytes: number;
  device: Device;
  /**
   * Whether the device accepts an access of this size at this offset. Any other access faults, in the same way as an
   * access to an address without a device.
   */
  accepts: (offset: number, sizeBytes: number) => boolean;
  /** Whether an 8-byte access is split into two 4-byte accesses, low half first. */
  splits64: boolean;
}

/** The devices' behavior: `current`, as in QEMU, or `before5`, for replaying recordings in formats 2 to 4. */
export type DeviceGeneration = 'current' | 'before5';
/** The part of a device's interface that snapshots and resets use. */
export type StatefulPart = Pick<Device, 'name' | 'stateCodec' | 'saveState' | 'loadState' | 'reset'>;

export type AccessBytes = 1 | 2 | 4 | 8;

/**
 * The `virt` board: its devices, at the addresses and interrupt lines in memoryMap.ts. By default the first drive is in
 * the first virtio slot.
 */
export class Board {
  readonly rom = new BootRom();
  readonly clint: Clint;
  readonly plic: Plic | PlicBefore5;
  readonly uart: Uart16550 | Uart16550Before5;
  readonly testDevice: TestDevice;
  readonly rtc: GoldfishRtc;
  readonly disks: VirtioBlk[];
  readonly rng: VirtioRng | undefined;
  readonly semihosting: Semihosting | undefined;
  readonly ports: DevicePorts;
  /** The devices that can act at a scheduled time without being accessed by the guest. */
  readonly timed: readonly TimedDevice[];
  private readonly now: () => number;
  /** Ordered by frequency of access, because lookups scan this array from the front. */
  readonly map: MappedDevice[];
  /** The upper 32 bits of the 8-byte access in progress. */
  upperHalf = 0;

  constructor(options: {
    clock: MachineControl;
    harts: number;
    memory: GuestMemory;
    drives: readonly Drive[];
    /** The drives' slots, one entry for each drive. */
    driveSlots: readonly DriveSlot[];
    /** Whether to add a virtio-rng device in the last free slot. */
    rng: boolean;
    /** Whether a guest reset ends the run. */
    noReboot: boolean;
    /** Semihosting is not on the bus; the harts call it directly. */
    semihosting?: Semihosting;
    ports: DevicePorts;
    transmit: (byte: number) => void;
    /** Called when a disk request begins on a drive. */
    onDiskRequest: (drive: string, command: DriveCommand) => void;
    generation?: DeviceGeneration;
  }) {
    const { clock, harts, memory, driveSlots, ports } = options;
    const context = (setInterrupt: (level: boolean) => void): DeviceContext => ({
      now: () => clock.now(),
      position: () => clock.position(),
      requestAttention: () => clock.attention(),
      interruptLinesFell: () => clock.linesFell(),
      setInterrupt,
    });
    const noInterrupt = context(() => {});
    const withInterrupt = (source: number) => context((level) => this.plic.setLevel(source, level));
    const isBefore5 = options.generation === 'before5';
    this.semihosting = options.semihosting;
    this.ports = ports;
    ports.connect(CONSOLE_PORT, {
      receive: (byte) => this.console.receive(byte),
      readyNanoseconds: () => this.consoleReadyNanoseconds(),
    });
    this.now = () => clock.now();
    this.plic = new (isBefore5 ? PlicBefore5 : Plic)({ context: noInterrupt, harts });
    this.clint = new Clint({ context: noInterrupt, harts, timerStartsDisarmed: isBefore5 });
    this.testDevice = new TestDevice({ context: noInterrupt, resetEndsRun: options.noReboot });
    const serial = { context: withInterrupt(MEMORY_MAP.uart.source), transmit: options.transmit };
    this.uart = isBefore5 ? new Uart16550Before5(serial) : new Uart16550(serial);
    this.rtc = new GoldfishRtc({
      context: withInterrupt(MEMORY_MAP.rtc.source),
      hostTime: () => ports.ask(CLOCK_PORT, undefined),
    });
    const transport = isBefore5 ? VirtioMmioBefore5 : VirtioMmio;
    const inSlot = (slot: number) => {
      const context = withInterrupt(MEMORY_MAP.virtioSlots[slot].source);
      return { name: `virtio${slot}`, context, memory, transport };
    };
    this.disks = options.drives.map(
      (drive, i) =>
        new VirtioBlk({
          ...inSlot(driveSlots[i].slot),
          ...{ drive, legacy: driveSlots[i].legacy, isBefore5, onRequest: options.onDiskRequest },
        }),
    );
    // As in QEMU, all slots use the legacy transport if any of them does: QEMU has a single property for all slots.
    const legacy = driveSlots.some((drive) => drive.legacy);
    const rngSlot = options.rng ? lastFreeSlot(driveSlots) : -1;
    if (options.rng) {
      const entropy = (lengthBytes: number) => ports.ask(ENTROPY_PORT, lengthBytes);
      this.rng = new VirtioRng({ ...inSlot(rngSlot), legacy, entropy, isBefore5: isBefore5 });
    }
    const timedUart = this.uart instanceof Uart16550 ? [this.uart] : [];
    this.timed = [...this.disks, ...(this.rng ? [this.rng] : []), this.rtc, ...timedUart];
    const slots = MEMORY_MAP.virtioSlots.map((_, slot): Device => {
      const disk = driveSlots.findIndex((drive) => drive.slot === slot);
      if (disk >= 0) return this.disks[disk];
      return (slot === rngSlot && this.rng) || new EmptySlot({ name: `virtio${slot}`, legacy });
    });
    this.map = this.makeMap(slots, isBefore5 ? atRangeBefore5 : atRange);
  }

  /**
   * Returns the low 32 bits; undefined if no device accepts the access. The upper 32 bits of an 8-byte access are
   * stored in `upperHalf`.
   */
  read(address: number, sizeBytes: AccessBytes): number | undefined {
    const mapped = this.find(address, sizeBytes);
    if (!mapped) return undefined;
    const offset = address - mapped.base;
    if (sizeBytes !== 8) return mapped.device.read(offset, sizeBytes);
    const low = mapped.device.read(offset, 4);
    this.upperHalf = mapped.splits64 ? mapped.device.read(offset + 4, 4) : 0;
    return low;
  }

  /**
   * Writes to a device. The upper half of an 8-byte access is in `upperHalf`. Returns false if no device accepts the
   * access.
   */
  write(address: number, value: number, sizeBytes: AccessBytes): boolean {
    const mapped = this.find(address, sizeBytes);
    if (!mapped) return false;
    const offset = address - mapped.base;
    mapped.device.write(offset, value, sizeBytes === 8 ? 4 : sizeBytes);
    if (sizeBytes === 8 && mapped.splits64) mapped.device.write(offset + 4, this.upperHalf, 4);
    return true;
  }

  /** The receiver of console input: a semihosting call if one is waiting for input, otherwise the UART. */
  private get console(): { receive(byte: number): void } {
    return this.semihosting?.isWaitingForByte ? this.semihosting : this.uart;
  }

  /**
   * The earliest virtual time at which the console accepts a byte; Infinity while the guest is not reading the console.
   */
  private consoleReadyNanoseconds(): number {
    return this.semihosting?.isWaitingForByte ? this.now() : this.uart.readyNanoseconds();
  }

  /** All devices with state, each with a unique name. */
  get devices(): StatefulPart[] {
    return [...this.map.map((mapped) => mapped.device), ...(this.semihosting ? [this.semihosting] : [])];
  }

  private find(address: number, sizeBytes: number): MappedDevice | undefined {
    for (const mapped of this.map) {
      if (address < mapped.base || address + sizeBytes > mapped.base + mapped.lengthBytes) continue;
      return mapped.accepts(address - mapped.base, sizeBytes) ? mapped : undefined;
    }
    return undefined;
  }

  private makeMap(slots: readonly Device[], at: typeof atRange): MappedDevice[] {
    const { rom, testDevice, rtc, clint, plic, uart, virtioSlots } = MEMORY_MAP;
    return [
      at(uart, this.uart, { accepts: acceptsAll, splits64: false }),
      at(plic, this.plic, { accepts: acceptsWords, splits64: false }),
      at(clint, this.clint, { accepts: clintAccepts, splits64: true }),
      ...slots.map((device, slot) => at(virtioSlots[slot], device, ALL_ACCESSES)),
      at(rtc, this.rtc, { accepts: rtcAccepts, splits64: true }),
      at(testDevice, this.testDevice, { accepts: testDeviceAccepts, splits64: false }),
      at(rom, this.rom, ALL_ACCESSES),
    ];
  }
}

/** The accesses that the corresponding device in QEMU accepts. */
type AccessRules = Pick<MappedDevice, 'accepts' | 'splits64'>;

function atRange({ base, registerBytes }: DeviceRange, device: Device, rules: AccessRules): MappedDevice {
  return { base, lengthBytes: registerBytes, device, ...rules };
}

/**
 * For recordings in formats 2 to 4, a device accepts accesses of any width anywhere in the address range reserved for
 * it.
 */
function atRangeBefore5({ base, lengthBytes }: DeviceRange, device: Device): MappedDevice {
  return { base, lengthBytes, device, ...ALL_ACCESSES };
}

const acceptsAll = (): boolean => true;
const acceptsWords = (_: number, sizeBytes: number): boolean => sizeBytes === 4;
const rtcAccepts = (_: number, sizeBytes: number): boolean => sizeBytes >= 4;
const testDeviceAccepts = (_: number, sizeBytes: number): boolean => sizeBytes === 2 || sizeBytes === 4;
/** The software interrupt registers are below 0x4000, and the timer registers start at 0x4000. */
const clintAccepts = (offset: number, sizeBytes: number): boolean =>
  sizeBytes === 4 || (sizeBytes === 8 && offset >= 0x4000);

const ALL_ACCESSES: AccessRules = { accepts: acceptsAll, splits64: true };

/** Assigns virtio slots: drives without a given slot take the first free slots, in order. */
export function assignSlots(drives: readonly { slot?: number; virtio?: VirtioVersion }[]): DriveSlot[] {
  const taken = new Set(drives.map(({ slot }) => slot));
  const firstFree = (): number => {
    let slot = 0;
    while (taken.has(slot)) slot++;
    taken.add(slot);
    return slot;
  };
  return drives.map(({ slot, virtio }) => ({ slot: slot ?? firstFree(), legacy: virtio === 'legacy' }));
}

/** QEMU assigns slots starting from the last one. */
function lastFreeSlot(driveSlots: readonly DriveSlot[]): number {
  let slot = VIRTIO_SLOTS - 1;
  while (driveSlots.some((drive) => drive.slot === slot)) slot--;
  assert(slot >= 0, 'a virtio slot is free for the entropy device');
  return slot;
}
