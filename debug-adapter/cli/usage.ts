/** The output of `blkreplay --help`. */
export const USAGE = `blkreplay: record a RISC-V machine with its disks, and replay it step for step

Usage:
  blkreplay run    --kernel FILE [options]                  run, neither recording nor replaying
  blkreplay record --kernel FILE --rrfile FILE [options]    run and record
  blkreplay replay --kernel FILE --rrfile FILE [options]    replay; give the options of the recording
  blkreplay info   RRFILE [--json]                          say what a recording holds
  blkreplay symbols IMAGE | RRFILE > FILE                   write a Linux Image's own symbols, or a recording's kernel, as
                                                            an ELF file for gdb
  blkreplay dump   RRFILE [--from POSITION] [--to POSITION] [--kind KIND,...] [--drive-id NAME] [--json]
                                                            its log: a line an event, the position first
  blkreplay identify FILE [--json]                          what of blkreplay's it is, and which session has it open
  blkreplay pack   RRFILE --into FILE [--without-bases] [--allow FILE] [--overwrite] [--json]
                                                            one file with the recording and all that it needs
  blkreplay unpack FILE --into FOLDER [--base DRIVE=FILE] [--allow FILE] [--overwrite] [--json]

  blkreplay overlay create OVERLAY --base FILE --format raw|qcow2 [--allow FILE] [--overwrite]
                                                            make an empty one over a base
  blkreplay overlay info | map OVERLAY [--allow FILE]       what it is; where each part of its disk lies
  blkreplay overlay check OVERLAY [--repair]                exit status 2 for damage; leaked space is none
  blkreplay overlay commit OVERLAY [--allow FILE] [--yes]   bring its base up to it; then it is empty
  blkreplay overlay discard OVERLAY [--yes]                 forget what was written to it
  blkreplay overlay rebase OVERLAY --base FILE --format raw|qcow2 [--name-only] [--allow FILE] [--yes]
                                                            another base, the same content; --name-only: a moved one
  blkreplay snapshot list FILE                              FILE is a recording, for all its drives, or an overlay
  blkreplay snapshot apply | delete FILE NAME [--yes]
  blkreplay snapshot rename FILE NAME NEWNAME [--yes]       --yes: although a recording's replay ends, or data goes

The machine:
  --kernel FILE[@ADDRESS]
                        ELF, Linux Image (also as Image.gz or EFI zboot image), U-Boot image, or raw binary, which is
                        loaded to ADDRESS, such as 0x80200000; without one to the next 2 MiB behind the firmware, or to
                        0x80000000 without firmware. Write @@ for an @ of the name before a number. Leave the kernel
                        out where --bios FILE or --load names all there is, and in a replay: the recording holds it
                        and the other files
  --bios none|builtin|FILE
                        firmware: nothing, blkreplay's own SBI, or a file such as OpenSBI's fw_dynamic (ELF or raw,
                        which starts at 0x80000000). A file needs no kernel: u-boot.bin, fw_payload. Default: builtin
                        for a Linux Image and for a kernel that leaves 0x80000000 free, else none
  --initrd FILE         initial RAM disk
  --load FILE[@ADDRESS] load a file, too, as QEMU's -device loader does: raw to ADDRESS; ELF, Intel HEX and U-Boot image
                        where they say; give it once a file, up to 32
  --dtb FILE            give the guest this device tree; --append and --initrd are written into it
  --dumpdtb FILE        write the device tree that the guest would get to a new file, and start nothing
  --append TEXT         the kernel's command line
  --memory SIZE         RAM, 16M to 2G in whole MiB, such as 128M (default), 1G or 262144K
  --harts N             how many harts, 1 (default) to 8
  --drive id=NAME,image=FILE,format=raw|qcow2[,overlay=FILE][,readonly][,slot=0..7][,virtio=modern|legacy]
                        a disk; give it once a disk, up to 8. The image is never written: writes and snapshots
                        go to the overlay, a temporary one if none is given. Write a comma in a name twice. It is a
                        modern virtio disk in the first free slot; QEMU's default is slot=7,virtio=legacy
  --allow FILE          a backing file that a qcow2 may name, or a folder of such, besides files beside it, in the
                        current folder, and what you or the recording name as an image; give it as often as needed
  --rng                 a source of entropy (virtio-rng) in the last free slot
  --rng-seed HEX|none   the device tree's /chosen/rng-seed: 64 hexadecimal digits, so that two runs are equal to the bit,
                        or none; without it each run and recording draws its own. A replay has the recorded one
  --no-reboot           a reset by the guest ends the run, as with QEMU's -no-reboot
  --semihosting         the guest may make semihosting calls in M and S mode: console, exit, the time, and files of the
                        current folder and below, read-only
  --stdin FILE          what is typed on the console (not used by replay)
  --idle warp|realtime  skip the time in which the guest waits (default), or wait it out. With warp, a guest whose timer
                        ticks at a prompt where nothing is left to type runs on as fast as it can: end it with ctrl-c
                        or --stop-at, or have the last line of --stdin power it off

The recording:
  --rrfile FILE         the recording
  --rrsnapshot NAME     name of the first snapshot (default replay_init). Written out, a qcow2 image without an overlay
                        takes the guest's writes and the snapshots itself
  --all-snapshots       take every automatic snapshot, at multiples of 16777216 steps and later wider ones, however long
                        that takes; without it they get a fortieth of the recording's time
  --overwrite           replace a recording and overlays that exist
  --stop-at POSITION    stop after exactly that many steps, such as 1_000_000

Debugging with gdb:
  --gdb PORT            wait for gdb-multiarch (target remote :PORT) before the first step, or at --stop-at; on this
                        computer only; 0 takes a free port, stderr tells which. detach lets the machine go on to its
                        end; kill, or a connection that breaks off, ends it as ctrl-c does. A connection that is no
                        gdb's, such as a web page's, is dropped
  --gdb unix:PATH       the same on a socket that only you can connect to (target remote PATH)
  --gdb stdio           for gdb to start (target remote | blkreplay ... --gdb stdio): packets on stdin and stdout, the
                        guest's console on stderr; gdb gives it 5 seconds to end after detach

Output:
  --json                the last line on stderr is one JSON object that says what happened
  --help, --version

Exit status: 0 power-off or --stop-at reached, 1 the guest reported failure, 2 bad input, 3 the replay differs from
the recording, 4 the host failed (disk full, IO error), 130 interrupted.
`;
