/** The registers of a virtio-mmio device and their bits (virtio 1.2, 4.2.2 and 4.2.4). */
export const MAGIC = 0x74726976; // "virt"
export const MODERN_VERSION = 2;
export const QEMU_VENDOR = 0x554d4551; // "QEMU"

// virtio 1.2, 4.2.2, "MMIO Device Register Layout".
export const MAGIC_VALUE = 0x000;
export const VERSION = 0x004;
export const DEVICE_ID = 0x008;
export const VENDOR_ID = 0x00c;
export const DEVICE_FEATURES = 0x010;
export const DEVICE_FEATURES_SELECT = 0x014;
export const DRIVER_FEATURES = 0x020;
export const DRIVER_FEATURES_SELECT = 0x024;
export const QUEUE_SELECT = 0x030;
export const QUEUE_SIZE_MAX_REGISTER = 0x034;
export const QUEUE_SIZE = 0x038;
export const QUEUE_READY = 0x044;
export const QUEUE_NOTIFY = 0x050;
export const INTERRUPT_STATUS = 0x060;
export const INTERRUPT_ACKNOWLEDGE = 0x064;
export const STATUS = 0x070;
/** QueueDescLow and High, QueueDriverLow and High, QueueDeviceLow and High. */
export const QUEUE_ADDRESSES = [0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4];
export const SHARED_MEMORY_LENGTH_LOW = 0x0b0;
export const SHARED_MEMORY_LENGTH_HIGH = 0x0b4;
export const CONFIGURATION_GENERATION = 0x0fc;
export const CONFIGURATION = 0x100;

// 4.2.4, "Legacy interface".
export const LEGACY_VERSION = 1;
export const GUEST_PAGE_SIZE = 0x028;
export const QUEUE_ALIGNMENT = 0x03c;
export const QUEUE_PAGE = 0x040;

// 4.2.2: InterruptStatus.
export const INTERRUPT_USED_BUFFER = 1;
export const INTERRUPT_CONFIGURATION = 2;

// 2.1, "Device Status Field".
export const STATUS_DRIVER_OK = 4;
export const STATUS_FEATURES_OK = 8;
export const STATUS_NEEDS_RESET = 64;

// 6, "Reserved Feature Bits".
export const FEATURE_VERSION_1 = 1n << 32n;
