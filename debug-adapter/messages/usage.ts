import { memorySize } from './expected.ts';

/** The limits and defaults that the usage text mentions. */
interface UsageLimits {
  MEMORY_MIB: { min: number; max: number; default: number };
  SNAPSHOT_SPACE_MIB: { min: number; max: number; default: number };
  HARTS_MAX: number;
  HARTS_DEFAULT: number;
  DRIVES_MAX: number;
  VIRTIO_SLOTS: number;
  DRIVE_FORMATS: readonly string[];
  VIRTIO_VERSIONS: readonly string[];
  LOAD_FILES_MAX: number;
  FIRST_SNAPSHOT_DEFAULT: string;
}

/** What `blkreplay --help` prints. */
export const usage = (limits: UsageLimits): string => {
  const formats = limits.DRIVE_FORMATS.join('|');
  const { min, max, default: memory } = limits.MEMORY_MIB;
  const space = limits.SNAPSHOT_SPACE_MIB;
  return `blkreplay: record a RISC-V machine with its disks, and replay it instruction by instruction

Usage:
  blkreplay run    --kernel FILE [options]                  run without recording
  blkreplay record --kernel FILE --rrfile FILE [options]    run and record
  blkreplay replay --kernel FILE --rrfile FILE [options]    replay; pass the same options as for record
  blkreplay info   RRFILE [--json]                          describe a recording
  blkreplay symbols IMAGE | RRFILE > FILE                   write the symbol table of a Linux Image, or of the kernel in
                                                            a recording, as an ELF file for gdb
  blkreplay dump   RRFILE [--from POSITION] [--to POSITION] [--kind KIND,...] [--drive-id NAME] [--json]
                                                            print the log: one event per line, position first
  blkreplay identify FILE [--json]                          print which kind of blkreplay file FILE is, and which
                                                            session has it open
  blkreplay pack   RRFILE --into FILE [--without-bases] [--allow FILE] [--overwrite] [--json]
                                                            combine a recording and all files that it needs in one file
  blkreplay unpack FILE --into FOLDER [--base DRIVE=FILE] [--allow FILE] [--overwrite] [--json]
                                                            write the files of a packed recording to a folder
  blkreplay overlay create OVERLAY --base FILE --format ${formats} [--allow FILE] [--overwrite]
                                                            create an empty overlay for a base image
  blkreplay overlay info | map OVERLAY [--allow FILE]       describe an overlay; show which file contains each part of
                                                            its disk
  blkreplay overlay check OVERLAY [--repair]                check an overlay: exit status 2 if it is damaged; leaked
                                                            clusters do not count as damage
  blkreplay overlay commit OVERLAY [--allow FILE] [--yes]   write the overlay's data to its base image, and empty the
                                                            overlay
  blkreplay overlay discard OVERLAY [--yes]                 delete the data in the overlay
  blkreplay overlay rebase OVERLAY --base FILE --format ${formats} [--name-only] [--allow FILE] [--yes]
                                                            change the base image and keep the disk content;
                                                            --name-only: store only the new path of a base image that
                                                            was moved
  blkreplay snapshot list FILE                              list the snapshots of an overlay, or of all drives of a
                                                            recording
  blkreplay snapshot apply | delete FILE NAME [--yes]       replace the disk content with that of a snapshot; delete a
                                                            snapshot
  blkreplay snapshot rename FILE NAME NEWNAME [--yes]       rename a snapshot. --yes: proceed even if a recording can no
                                                            longer be replayed or data is lost

Machine:
  --kernel FILE[@ADDRESS]
                        ELF file, Linux Image (also Image.gz or EFI zboot image), U-Boot image, or raw binary. A raw
                        binary is loaded at ADDRESS, for example 0x80200000; without ADDRESS, at the next multiple of
                        2 MiB after the firmware, or at 0x80000000 without firmware. If the file name itself ends in
                        @ and a number, double the @ (log@@2024). The kernel is optional with --bios FILE or --load, and
                        in a replay, which uses the boot files in the recording
  --bios none|builtin|FILE
                        firmware: none, the built-in SBI, or a file such as OpenSBI's fw_dynamic (ELF, or a raw binary,
                        which is loaded at 0x80000000). Some firmware files, such as u-boot.bin and fw_payload, can boot
                        without a kernel. Default: builtin if the kernel is a Linux Image or leaves 0x80000000 free,
                        else none
  --initrd FILE         initial RAM disk
  --load FILE[@ADDRESS] load another file, like QEMU's -device loader: raw files at ADDRESS; ELF, Intel HEX and U-Boot
                        images at the address in the file. Up to ${limits.LOAD_FILES_MAX} times
  --dtb FILE            device tree for the guest; --append and --initrd are written into it
  --dumpdtb FILE        write the guest's device tree to a new file, and exit
  --append TEXT         kernel command line
  --memory SIZE         RAM, ${memorySize(min)} to ${memorySize(max)} in whole MiB, for example ${memorySize(memory)} (default), 1G or 262144K
  --harts N             number of harts, ${limits.HARTS_DEFAULT} (default) to ${limits.HARTS_MAX}
  --drive id=NAME,image=FILE,format=${formats}[,overlay=FILE][,readonly][,slot=0..${limits.VIRTIO_SLOTS - 1}][,virtio=${limits.VIRTIO_VERSIONS.join('|')}]
                        a disk; up to ${limits.DRIVES_MAX} times. The image is never modified: writes and snapshots go to the overlay, or
                        to a temporary one. Write ,, for a comma in a name. The disk is a modern virtio disk in the
                        first free slot; QEMU's default is slot=${limits.VIRTIO_SLOTS - 1},virtio=legacy
  --allow FILE          a file that qcow2 images may use as a backing file, or a folder of such files. Always allowed:
                        files in the image's folder and in the current folder, and images that you or the recording
                        specify. Can be repeated
  --rng                 an entropy source (virtio-rng) in the last free slot
  --rng-seed HEX|none   /chosen/rng-seed in the device tree: 64 hexadecimal digits, or none. Two runs with the same seed
                        are identical. Default: random for each run or recording. A replay uses the recorded seed
  --no-reboot           end the run when the guest resets, like QEMU's -no-reboot
  --semihosting         allow semihosting calls in M-mode and S-mode: console, exit, time, and read-only access to files
                        in the current folder and its subfolders
  --stdin FILE          console input (not used by replay)
  --idle warp|realtime  skip the guest's idle time (default), or wait through it. With warp, a guest with a
                        periodic timer runs at full speed while it waits at a prompt after the end of the input: end it
                        with Ctrl-C or --stop-at, or let the last line of --stdin power it off

Recording:
  --rrfile FILE         the recording
  --rrsnapshot NAME     name of the first snapshot (default ${limits.FIRST_SNAPSHOT_DEFAULT}). With this option, the guest's writes and the
                        snapshots go directly to a qcow2 image that has no overlay
  --all-snapshots       take an automatic snapshot every 16777216 steps, and later at wider intervals, however long it
                        takes; by default, some are skipped so that snapshots take only about 1/40 of the recording
                        time
  --snapshot-space SIZE disk space for the machine states of automatic snapshots, ${memorySize(space.min)} to ${memorySize(space.max)} (default ${memorySize(space.default)}).
                        When it is full, every other automatic snapshot is deleted
  --overwrite           replace an existing recording and overlays
  --stop-at POSITION    stop after exactly this many steps, for example 1_000_000

Debugging with gdb:
  --gdb PORT            wait for gdb-multiarch (target remote :PORT) before the first step, or at --stop-at. Only
                        connections from this computer are accepted. 0 picks a free port, which is printed on stderr.
                        After detach, the machine runs to completion; kill or a lost connection ends the run, as Ctrl-C
                        does. A connection that is not from gdb, for example from a web page, is dropped
  --gdb unix:PATH       the same on a socket that only you can connect to (target remote PATH)
  --gdb stdio           for a blkreplay that gdb starts (target remote | blkreplay ... --gdb stdio). stdin and stdout
                        carry the packets, and stderr the guest's console. After detach, gdb waits 5 seconds for the
                        program to end

Output:
  --json                the last line on stderr is a JSON object with the result
  --help, --version

Exit status:
  0    The guest powered off, the run reached --stop-at or the end of the recording, or the guest requested a reset
       with --no-reboot
  1    The guest reported failure, or all harts are waiting for interrupts that cannot occur
  2    The input is invalid
  3    The replay differs from the recording
  4    The host failed, for example because of a full disk or an I/O error
  130  Ctrl-C, SIGTERM or SIGHUP interrupted the command
`;
};
