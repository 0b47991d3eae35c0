/**
 * QEMU command lines of well-known projects, with the configurations that the import makes from them. `source` is where
 * a command line is published. Makefiles and scripts are shortened to what the command depends on, and line breaks in
 * single commands are removed.
 */
export interface CommandLineCase {
  name: string;
  source: string;
  /** The name of the file, if it determines the kind of text or the folder; otherwise empty. */
  file: string;
  folder: string;
  text: string;
  /** The configuration, without `type` and `request`. */
  expected: object;
  /** The options that are not imported as in QEMU. */
  unmapped: string[];
}

export const COMMAND_LINES: readonly CommandLineCase[] = [
  {
    name: 'xv6 2019',
    source: 'mit-pdos/xv6-riscv-fall19, Makefile',
    file: 'Makefile',
    folder: '',
    text: String.raw`K=kernel
QEMU = qemu-system-riscv64
ifndef CPUS
CPUS := 3
endif

QEMUEXTRA = -drive file=fs1.img,if=none,format=raw,id=x1 -device virtio-blk-device,drive=x1,bus=virtio-mmio-bus.1

QEMUOPTS = -machine virt -kernel $K/kernel -m 3G -smp $(CPUS) -nographic
QEMUOPTS += -drive file=fs.img,if=none,format=raw,id=x0 -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0

qemu: $K/kernel fs.img
	$(QEMU) $(QEMUOPTS)
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/kernel/kernel',
      memory: '2G',
      harts: 3,
      drives: [
        {
          id: 'x0',
          image: '${workspaceFolder}/fs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-x0.qcow2',
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-m 3G'],
  },
  {
    name: 'xv6 2020',
    source: 'mit-pdos/xv6-riscv, Makefile in 2020',
    file: 'Makefile',
    folder: '',
    text: String.raw`K=kernel
QEMU = qemu-system-riscv64
CPUS := 3
QEMUOPTS = -machine virt -bios none -kernel $K/kernel -m 128M -smp $(CPUS) -nographic
QEMUOPTS += -drive file=fs.img,if=none,format=raw,id=x0
QEMUOPTS += -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0

qemu: $K/kernel fs.img
	$(QEMU) $(QEMUOPTS)
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/kernel/kernel',
      bios: 'none',
      harts: 3,
      drives: [
        {
          id: 'x0',
          image: '${workspaceFolder}/fs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-x0.qcow2',
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [],
  },
  {
    name: 'xv6 2025, waiting for gdb',
    source: 'mit-pdos/xv6-riscv, Makefile at 00425f8, target qemu-gdb',
    file: 'Makefile',
    folder: '',
    text: String.raw`K=kernel
QEMU = qemu-system-riscv64
GDBPORT = $(shell expr ${'`'}id -u${'`'} % 5000 + 25000)
QEMUGDB = $(shell if $(QEMU) -help | grep -q '^-gdb'; \
	then echo "-gdb tcp::$(GDBPORT)"; \
	else echo "-s -p $(GDBPORT)"; fi)
ifndef CPUS
CPUS := 3
endif

QEMUOPTS = -machine virt -bios none -kernel $K/kernel -m 128M -smp $(CPUS) -nographic
QEMUOPTS += -global virtio-mmio.force-legacy=false
QEMUOPTS += -drive file=fs.img,if=none,format=raw,id=x0
QEMUOPTS += -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0

qemu-gdb: $K/kernel .gdbinit fs.img
	@echo "*** Now run 'gdb' in another window." 1>&2
	$(QEMU) $(QEMUOPTS) -S $(QEMUGDB)
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/kernel/kernel',
      bios: 'none',
      harts: 3,
      drives: [
        {
          id: 'x0',
          image: '${workspaceFolder}/fs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-x0.qcow2',
        },
      ],
      stopOnEntry: true,
    },
    unmapped: ['$(QEMUGDB)'],
  },
  {
    name: 'xv6 networking lab',
    source: 'mit-pdos/xv6-riscv labs of 2022, Makefile of the net lab with LAB=net',
    file: 'Makefile',
    folder: '',
    text: String.raw`K=kernel
QEMU = qemu-system-riscv64
LAB=net
CPUS := 3
FWDPORT = 25999
QEMUOPTS = -machine virt -bios none -kernel $K/kernel -m 128M -smp $(CPUS) -nographic
QEMUOPTS += -global virtio-mmio.force-legacy=false
QEMUOPTS += -drive file=fs.img,if=none,format=raw,id=x0
QEMUOPTS += -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0

ifeq ($(LAB),net)
QEMUOPTS += -netdev user,id=net0,hostfwd=udp::$(FWDPORT)-:2000 -object filter-dump,id=net0,netdev=net0,file=packets.pcap
QEMUOPTS += -device e1000,netdev=net0,bus=pcie.0
endif

qemu: $K/kernel fs.img
	$(QEMU) $(QEMUOPTS)
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/kernel/kernel',
      bios: 'none',
      harts: 3,
      drives: [
        {
          id: 'x0',
          image: '${workspaceFolder}/fs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-x0.qcow2',
        },
      ],
    },
    unmapped: [
      '-netdev user,id=net0,hostfwd=udp::25999-:2000',
      '-object filter-dump,id=net0,netdev=net0,file=packets.pcap',
      '-device e1000,netdev=net0,bus=pcie.0',
    ],
  },
  {
    name: 'FreeRTOS',
    source: 'FreeRTOS/FreeRTOS, Demo/RISC-V-Qemu-virt_GCC/Readme.md',
    file: 'Readme.md',
    folder: '',
    text: String.raw`${'`'}${'`'}${'`'}
$ qemu-system-riscv32 -nographic -machine virt -net none \
  -chardev stdio,id=con,mux=on -serial chardev:con \
  -mon chardev=con,mode=readline -bios none \
  -smp 4 -kernel ./build/RTOSDemo.axf
${'`'}${'`'}${'`'}
`,
    expected: {
      name: 'Record RTOSDemo',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/RTOSDemo.rr',
      kernel: '${workspaceFolder}/build/RTOSDemo.axf',
      bios: 'none',
      harts: 4,
    },
    unmapped: ['qemu-system-riscv32'],
  },
  {
    name: 'ThreadX',
    source: 'eclipse-threadx/threadx, ports/risc-v64/gnu/example_build/qemu_virt/test, as the test prints it',
    file: '',
    folder: '',
    text: String.raw`Starting QEMU: qemu-system-riscv64 -M virt -nographic -bios none -kernel build/demo_threadx.elf -gdb tcp::41233 -S -monitor none -serial stdio
`,
    expected: {
      name: 'Record demo_threadx',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/demo_threadx.rr',
      kernel: '${workspaceFolder}/build/demo_threadx.elf',
      bios: 'none',
      gdbServer: 41233,
      stopOnEntry: true,
    },
    unmapped: [],
  },
  {
    name: 'Zephyr',
    source:
      'zephyrproject-rtos/zephyr, boards/qemu/riscv64/board.cmake (with CONFIG_RISCV_S_MODE) and cmake/emu/qemu.cmake',
    file: '',
    folder: '',
    text: 'qemu-system-riscv64 -nographic -machine virt -bios none -m 256 -cpu rv64,s=on,u=on,pmp=on,priv_spec=v1.12.0,sv39=on -pidfile qemu.pid -serial mon:stdio -kernel build/zephyr/zephyr.elf',
    expected: {
      name: 'Record zephyr',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/zephyr.rr',
      kernel: '${workspaceFolder}/build/zephyr/zephyr.elf',
      bios: 'none',
      memory: '256M',
    },
    unmapped: [],
  },
  {
    name: 'NuttX',
    source: 'apache/nuttx, Documentation/platforms/risc-v/qemu-rv/boards/rv-virt',
    file: '',
    folder: '',
    text: '    $ qemu-system-riscv64 -semihosting -M virt,aclint=on -cpu rv64 -smp 8 -bios none -kernel nuttx -nographic',
    expected: {
      name: 'Record nuttx',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/nuttx.rr',
      kernel: '${workspaceFolder}/nuttx',
      bios: 'none',
      harts: 8,
      semihosting: true,
    },
    unmapped: ['-M virt,aclint=on'],
  },
  {
    name: 'NuttX with devices',
    source: 'apache/nuttx, rv-virt, configuration knetnsh64',
    file: '',
    folder: '',
    text: String.raw`    $ dd if=/dev/zero of=./mydisk-1gb.img bs=1M count=1024

    $ qemu-system-riscv64 -semihosting -M virt,aclint=on -cpu rv64 -smp 8 \
      -global virtio-mmio.force-legacy=false \
      -device virtio-serial-device,bus=virtio-mmio-bus.0 \
      -chardev socket,telnet=on,host=127.0.0.1,port=3450,server=on,wait=off,id=foo \
      -device virtconsole,chardev=foo \
      -device virtio-rng-device,bus=virtio-mmio-bus.1 \
      -netdev user,id=u1,hostfwd=tcp:127.0.0.1:10023-10.0.2.15:23,hostfwd=tcp:127.0.0.1:15001-10.0.2.15:5001 \
      -device virtio-net-device,netdev=u1,bus=virtio-mmio-bus.2 \
      -drive file=./mydisk-1gb.img,if=none,format=raw,id=hd \
      -device virtio-blk-device,bus=virtio-mmio-bus.3,drive=hd \
      -bios none -kernel ./nuttx/nuttx -nographic
`,
    expected: {
      name: 'Record nuttx',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/nuttx.rr',
      kernel: '${workspaceFolder}/nuttx/nuttx',
      bios: 'none',
      harts: 8,
      drives: [
        {
          id: 'hd',
          image: '${workspaceFolder}/mydisk-1gb.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/nuttx-hd.qcow2',
          slot: 3,
        },
      ],
      semihosting: true,
      rng: true,
    },
    unmapped: [
      '-M virt,aclint=on',
      '-device virtio-serial-device,bus=virtio-mmio-bus.0',
      '-chardev socket,telnet=on,host=127.0.0.1,port=3450,server=on,wait=off,id=foo',
      '-device virtconsole,chardev=foo',
      '-netdev user,id=u1,hostfwd=tcp:127.0.0.1:10023-10.0.2.15:23,hostfwd=tcp:127.0.0.1:15001-10.0.2.15:5…',
      '-device virtio-net-device,netdev=u1,bus=virtio-mmio-bus.2',
    ],
  },
  {
    name: 'U-Boot',
    source: 'u-boot/u-boot, doc/board/emulation/qemu-riscv.rst',
    file: '',
    folder: '',
    text: '    qemu-system-riscv64 -nographic -machine virt -bios u-boot.bin',
    expected: {
      name: 'Record u-boot',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/u-boot.rr',
      bios: '${workspaceFolder}/u-boot.bin',
    },
    unmapped: [],
  },
  {
    name: 'U-Boot SPL with an AHCI disk',
    source: 'u-boot/u-boot, doc/board/emulation/qemu-riscv.rst',
    file: '',
    folder: '',
    text: String.raw`    qemu-system-riscv64 -nographic -machine virt -bios spl/u-boot-spl.bin \
    -device loader,file=u-boot.itb,addr=0x80200000 \
    -device ich9-ahci,id=ahci \
    -drive if=none,file=riscv64.img,format=raw,id=mydisk \
    -device ide-hd,drive=mydisk,bus=ahci.0
`,
    expected: {
      name: 'Record u-boot-spl',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/u-boot-spl.rr',
      bios: '${workspaceFolder}/spl/u-boot-spl.bin',
      load: ['${workspaceFolder}/u-boot.itb@0x80200000'],
    },
    unmapped: ['-device ich9-ahci,id=ahci', '-device ide-hd,drive=mydisk,bus=ahci.0'],
  },
  {
    name: 'OpenSBI',
    source: 'riscv-software-src/opensbi, docs/platform/qemu_virt.md',
    file: 'qemu_virt.md',
    folder: '',
    text: String.raw`qemu-system-riscv64 -M virt -m 256M -display none -serial stdio \
	-kernel build/platform/qemu/virt/firmware/fw_jump.elf \
	-device loader,file=<linux_build_directory>/arch/riscv/boot/Image,addr=0x80400000 \
	-drive file=<path_to_linux_rootfs>,format=raw,id=hd0 \
	-device virtio-blk-device,drive=hd0 \
	-append "root=/dev/vda rw console=ttyS0"
`,
    expected: {
      name: 'Record fw_jump',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/fw_jump.rr',
      kernel: '${workspaceFolder}/build/platform/qemu/virt/firmware/fw_jump.elf',
      append: 'root=/dev/vda rw console=ttyS0',
      load: ['${workspaceFolder}/<linux_build_directory>/arch/riscv/boot/Image@0x80400000'],
      memory: '256M',
      drives: [
        {
          id: 'hd0',
          image: '${workspaceFolder}/<path_to_linux_rootfs>',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/fw_jump-hd0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [
      '-device loader,file=<linux_build_directory>/arch/riscv/boot/Image,addr=0x80400000',
      '-drive file=<path_to_linux_rootfs>,format=raw,id=hd0',
    ],
  },
  {
    name: 'buildroot',
    source: 'buildroot/buildroot, board/qemu/riscv64-virt/readme.txt',
    file: 'readme.txt',
    folder: '',
    text: String.raw`  qemu-system-riscv64 -M virt -bios output/images/fw_jump.elf -kernel output/images/Image -append "rootwait root=/dev/vda ro" -drive file=output/images/rootfs.ext2,format=raw,id=hd0 -device virtio-blk-device,drive=hd0 -netdev user,id=net0 -device virtio-net-device,netdev=net0 -nographic # qemu_riscv64_virt_defconfig
`,
    expected: {
      name: 'Record Image',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/Image.rr',
      kernel: '${workspaceFolder}/output/images/Image',
      bios: '${workspaceFolder}/output/images/fw_jump.elf',
      append: 'rootwait root=/dev/vda ro',
      drives: [
        {
          id: 'hd0',
          image: '${workspaceFolder}/output/images/rootfs.ext2',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/Image-hd0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-netdev user,id=net0', '-device virtio-net-device,netdev=net0'],
  },
  {
    name: 'buildroot without MMU',
    source: 'buildroot/buildroot, board/qemu/riscv64-virt/readme.txt',
    file: 'readme.txt',
    folder: '',
    text: String.raw`  qemu-system-riscv64 -M virt -bios none -kernel output/images/Image -append "rootwait root=/dev/vda ro" -drive file=output/images/rootfs.ext2,format=raw,id=hd0 -device virtio-blk-device,drive=hd0 -nographic -cpu rv64,mmu=off -netdev user,id=net0 -device virtio-net-device,netdev=net0 # qemu_riscv64_nommu_virt_defconfig
`,
    expected: {
      name: 'Record Image',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/Image.rr',
      kernel: '${workspaceFolder}/output/images/Image',
      bios: 'none',
      append: 'rootwait root=/dev/vda ro',
      drives: [
        {
          id: 'hd0',
          image: '${workspaceFolder}/output/images/rootfs.ext2',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/Image-hd0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-cpu rv64,mmu=off', '-netdev user,id=net0', '-device virtio-net-device,netdev=net0'],
  },
  {
    name: 'Debian',
    source:
      'the readme.txt in Debian Quick Image Baker images, as in gist.github.com/apivovarov/98120ffb2d92f9dfce39925801271606',
    file: '',
    folder: '',
    text: String.raw`qemu-system-riscv64 -machine virt -m 1G -smp 8 -cpu rv64 \
-device virtio-blk-device,drive=hd \
-drive file=image.qcow2,if=none,id=hd \
-device virtio-net-device,netdev=net \
-netdev user,id=net,hostfwd=tcp::2222-:22 \
-bios /usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf \
-kernel /usr/lib/u-boot/qemu-riscv64_smode/uboot.elf \
-object rng-random,filename=/dev/urandom,id=rng \
-device virtio-rng-device,rng=rng \
-nographic -append "root=LABEL=rootfs console=ttyS0"
`,
    expected: {
      name: 'Record uboot',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/uboot.rr',
      kernel: '/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf',
      bios: '/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf',
      append: 'root=LABEL=rootfs console=ttyS0',
      memory: '1G',
      harts: 8,
      drives: [
        {
          id: 'hd',
          image: '${workspaceFolder}/image.qcow2',
          format: 'qcow2',
          overlay: '${workspaceFolder}/.blkreplay/uboot-hd.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
      rng: true,
    },
    unmapped: ['-device virtio-net-device,netdev=net', '-netdev user,id=net,hostfwd=tcp::2222-:22'],
  },
  {
    name: 'Fedora',
    source: 'the command of Fedora Rawhide images, as in gist.github.com/tufei/b8168414fc131d41978991926899f1fc',
    file: '',
    folder: '',
    text: String.raw`qemu-system-riscv64 -nographic -machine virt \
-cpu rv64,v=on,vlen=256,elen=64,vext_spec=v1.0 -smp 8 -m 8G \
-kernel ~/Sandbox/Fedora-Developer-Rawhide-20200108.n.0-fw_payload-uboot-qemu-virt-smode.elf \
-object rng-random,filename=/dev/urandom,id=rng0 -device virtio-rng-device,rng=rng0 \
-device virtio-blk-device,drive=hd0 \
-drive file=~/Sandbox/Fedora-Developer-Rawhide-20200108.n.0-20G.raw,format=raw,id=hd0 \
-device virtio-net-device,netdev=usernet \
-netdev user,id=usernet,hostfwd=tcp::10000-:22 -bios none
`,
    expected: {
      name: 'Record Fedora-Developer-Rawhide-20200108.n.0-fw_payload-uboot-qemu-',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/Fedora-Developer-Rawhide-20200108.n.0-fw_payload-uboot-qemu-.rr',
      kernel: '${userHome}/Sandbox/Fedora-Developer-Rawhide-20200108.n.0-fw_payload-uboot-qemu-virt-smode.elf',
      bios: 'none',
      memory: '2G',
      harts: 8,
      drives: [
        {
          id: 'hd0',
          image: '${userHome}/Sandbox/Fedora-Developer-Rawhide-20200108.n.0-20G.raw',
          format: 'raw',
          overlay:
            '${workspaceFolder}/.blkreplay/Fedora-Developer-Rawhide-20200108.n.0-fw_payload-uboot-qemu--hd0.qcow2',
          slot: 6,
          virtio: 'legacy',
        },
      ],
      rng: true,
    },
    unmapped: [
      '-cpu rv64,v=on,vlen=256,elen=64,vext_spec=v1.0',
      '-m 8G',
      '-device virtio-net-device,netdev=usernet',
      '-netdev user,id=usernet,hostfwd=tcp::10000-:22',
    ],
  },
  {
    name: 'Ubuntu',
    source: 'the command of Ubuntu server images, as in gist.github.com/cconstab/e63ffc14f50aae0279b5dc30d9033cad',
    file: '',
    folder: '',
    text: String.raw`qemu-system-riscv64 -machine virt -m 4096 -smp 4 -bios fw_jump.elf -kernel uboot.elf -device virtio-net-device,netdev=eth0 -netdev user,id=eth0 -drive file=ubuntu-20.04.4-preinstalled-server-riscv64+unmatched.img,format=raw,if=virtio -cpu rv64
`,
    expected: {
      name: 'Record uboot',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/uboot.rr',
      kernel: '${workspaceFolder}/uboot.elf',
      bios: '${workspaceFolder}/fw_jump.elf',
      memory: '2G',
      harts: 4,
      drives: [
        {
          id: 'hd0',
          image: '${workspaceFolder}/ubuntu-20.04.4-preinstalled-server-riscv64+unmatched.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/uboot-hd0.qcow2',
        },
      ],
    },
    unmapped: [
      '-m 4096',
      '-device virtio-net-device,netdev=eth0',
      '-netdev user,id=eth0',
      '-drive file=ubuntu-20.04.4-preinstalled-server-riscv64+unmatched.img,format=raw,if=virtio',
    ],
  },
  {
    name: 'FreeBSD',
    source: 'the command of FreeBSD images, as in gist.github.com/mengzhuo/6ae7d7a727c271c076f2f72afe5772b1',
    file: '',
    folder: '',
    text: String.raw`qemu-system-riscv64 -machine virt -m 2048M -smp 2 -nographic \
-bios /usr/local/share/opensbi/lp64/generic/firmware/fw_jump.elf \
-kernel /usr/local/share/u-boot/u-boot-qemu-riscv64/u-boot.bin \
-drive file=FreeBSD-14.0-CURRENT-riscv-riscv64.raw,format=raw,id=hd0 -device virtio-blk-device,drive=hd0 \
-netdev user,id=net0,ipv6=off,hostfwd=tcp::8022-:22 -device virtio-net-device,netdev=net0
`,
    expected: {
      name: 'Record u-boot',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/u-boot.rr',
      kernel: '/usr/local/share/u-boot/u-boot-qemu-riscv64/u-boot.bin',
      bios: '/usr/local/share/opensbi/lp64/generic/firmware/fw_jump.elf',
      memory: '2G',
      harts: 2,
      drives: [
        {
          id: 'hd0',
          image: '${workspaceFolder}/FreeBSD-14.0-CURRENT-riscv-riscv64.raw',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/u-boot-hd0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [
      '-netdev user,id=net0,ipv6=off,hostfwd=tcp::8022-:22',
      '-device virtio-net-device,netdev=net0',
      '-kernel /usr/local/share/u-boot/u-boot-qemu-riscv64/u-boot.bin',
    ],
  },
  {
    name: 'rCore-Tutorial',
    source: 'rcore-os/rCore-Tutorial-v3, os/Makefile, target run-inner',
    file: 'os/Makefile',
    folder: 'os',
    text: String.raw`TARGET := riscv64gc-unknown-none-elf
MODE := release
KERNEL_ELF := target/$(TARGET)/$(MODE)/os
KERNEL_BIN := $(KERNEL_ELF).bin
FS_IMG := ../user/target/$(TARGET)/$(MODE)/fs.img
BOARD ?= qemu
SBI ?= rustsbi
BOOTLOADER := ../bootloader/$(SBI)-$(BOARD).bin

# KERNEL ENTRY
ifeq ($(BOARD), qemu)
	KERNEL_ENTRY_PA := 0x80200000
else ifeq ($(BOARD), k210)
	KERNEL_ENTRY_PA := 0x80020000
endif

run-inner: build
ifeq ($(BOARD),qemu)
	@qemu-system-riscv64 \
		-machine virt \
		-nographic \
		-bios $(BOOTLOADER) \
		-device loader,file=$(KERNEL_BIN),addr=$(KERNEL_ENTRY_PA) \
		-drive file=$(FS_IMG),if=none,format=raw,id=x0 \
        -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0
else
	@cp $(BOOTLOADER) $(BOOTLOADER).copy
endif
`,
    expected: {
      name: 'Record rustsbi-qemu',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/rustsbi-qemu.rr',
      bios: '${workspaceFolder}/bootloader/rustsbi-qemu.bin',
      load: ['${workspaceFolder}/os/target/riscv64gc-unknown-none-elf/release/os.bin@0x80200000'],
      drives: [
        {
          id: 'x0',
          image: '${workspaceFolder}/user/target/riscv64gc-unknown-none-elf/release/fs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/rustsbi-qemu-x0.qcow2',
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-device loader,file=target/riscv64gc-unknown-none-elf/release/os.bin,addr=0x80200000'],
  },
  {
    name: 'rCore-Tutorial in tmux',
    source: 'rcore-os/rCore-Tutorial-v3, os/Makefile, target debug',
    file: 'os/Makefile',
    folder: 'os',
    text: String.raw`KERNEL_ELF := target/riscv64gc-unknown-none-elf/release/os
KERNEL_BIN := $(KERNEL_ELF).bin
BOOTLOADER := ../bootloader/rustsbi-qemu.bin
KERNEL_ENTRY_PA := 0x80200000

debug: build
	@tmux new-session -d \
		"qemu-system-riscv64 -machine virt -nographic -bios $(BOOTLOADER) -device loader,file=$(KERNEL_BIN),addr=$(KERNEL_ENTRY_PA) -s -S" && \
		tmux split-window -h "riscv64-unknown-elf-gdb -ex 'file $(KERNEL_ELF)' -ex 'set arch riscv:rv64' -ex 'target remote localhost:1234'" && \
		tmux -2 attach-session -d
`,
    expected: {
      name: 'Record rustsbi-qemu',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/rustsbi-qemu.rr',
      bios: '${workspaceFolder}/bootloader/rustsbi-qemu.bin',
      load: ['${workspaceFolder}/os/target/riscv64gc-unknown-none-elf/release/os.bin@0x80200000'],
      gdbServer: 1234,
      stopOnEntry: true,
    },
    unmapped: ['-device loader,file=target/riscv64gc-unknown-none-elf/release/os.bin,addr=0x80200000'],
  },
  {
    name: 'seL4',
    source: 'a makefile of a virtual machine monitor on seL4CP, board qemu_riscv_virt',
    file: '',
    folder: '',
    text: String.raw`	qemu-system-riscv64 -machine virt -cpu rv64 -nographic -serial mon:stdio -m size=3072M -bios $(BUILD_DIR)/platform/generic/firmware/fw_payload.elf
`,
    expected: {
      name: 'Record fw_payload',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/fw_payload.rr',
      bios: '${workspaceFolder}/<BUILD_DIR>/platform/generic/firmware/fw_payload.elf',
      memory: '2G',
    },
    unmapped: ['-m size=3072M', '-bios <BUILD_DIR>/platform/generic/firmware/fw_payload.elf'],
  },
  {
    name: 'Redox',
    source: 'redox-os/redox, mk/qemu.mk',
    file: 'mk/qemu.mk',
    folder: '',
    text: String.raw`QEMU?=qemu-system-$(QEMU_ARCH)
QEMUFLAGS?=-d guest_errors -name "Redox OS $(ARCH)"
ifeq ($(ARCH),x86_64)
	QEMU_ARCH=x86_64
	QEMU_MACHINE?=q35
else ifeq ($(ARCH),riscv64gc)
	live=no
	audio=no
	gpu?=ramfb
	net=bridge
	QEMU_ARCH=riscv64
	# QEMU_MACHINE=virt  for ACPI mode instead of DTB
	QEMU_MACHINE=virt,acpi=off
	QEMU_SMP?=4
	QEMU_MEM?=2048
	QEMU_CPU=max
	PFLASH0=$(firstword \
		$(wildcard /usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd) \
		$(wildcard /usr/share/edk2/riscv/RISCV_VIRT_CODE.fd) \
	)
	ifneq ($(usb),no)
		QEMUFLAGS+=-device qemu-xhci -device usb-kbd -device usb-tablet
	endif
else
$(error Unsupported ARCH for QEMU "$(ARCH)"))
endif

QEMUFLAGS+=-smp $(QEMU_SMP) -m $(QEMU_MEM)
ifeq ($(serial),no)
	QEMUFLAGS+=-chardev stdio,id=debug -device isa-debugcon,iobase=0x402,chardev=debug
else
	QEMUFLAGS+=-chardev stdio,id=debug,signal=off,mux=on,"$(if $(qemu_serial_logfile),logfile=$(qemu_serial_logfile))"
	QEMUFLAGS+=-serial chardev:debug -mon chardev=debug
endif
QEMUFLAGS+=-machine $(QEMU_MACHINE)
QEMUFLAGS+=-netdev user,id=net0 -device e1000,netdev=net0,id=nic0
ifeq ($(gpu),ramfb)
	QEMUFLAGS+=-vga none -device ramfb
endif
disk?=nvme
ifeq ($(disk),nvme)
	QEMUFLAGS+= \
		-drive file=$(BUILD)/harddrive.img,format=raw,if=none,id=drv0 -device nvme,drive=drv0,serial=NVME_SERIAL
else ifeq ($(disk),virtio)
	QEMUFLAGS+= -drive file=$(BUILD)/harddrive.img,format=raw,if=virtio
endif
QEMUFLAGS+=-cpu $(QEMU_CPU)
ifneq ($(PFLASH0),)
	QEMUFLAGS+=-drive if=pflash,format=raw,unit=0,file=$(PFLASH0),readonly=on
endif

qemu: qemu-deps
	$(QEMU) $(QEMUFLAGS)
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/<kernel>',
      memory: '2G',
      harts: 4,
    },
    unmapped: [
      '-d guest_errors',
      '-device qemu-xhci',
      '-device usb-kbd',
      '-device usb-tablet',
      '-netdev user,id=net0',
      '-device e1000,netdev=net0,id=nic0',
      '-device ramfb',
      '-cpu max',
      '-drive if=pflash,format=raw,unit=0,file=/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd,readonly=on',
      '-kernel',
      '-device nvme,drive=drv0,serial=NVME_SERIAL',
    ],
  },
  {
    name: 'ArceOS',
    source: 'arceos-org/arceos, scripts/make/qemu.mk',
    file: 'scripts/make/qemu.mk',
    folder: '',
    text: String.raw`QEMU := qemu-system-$(ARCH)
BUS := mmio
BLK := y
GRAPHIC := n
NET := n

ifeq ($(BUS), mmio)
  vdev-suffix := device
else ifeq ($(BUS), pci)
  vdev-suffix := pci
else
  $(error "BUS" must be one of "mmio" or "pci")
endif

qemu_args-riscv64 := \
  -machine virt \
  -bios default \
  -kernel $(OUT_BIN)

qemu_args-y := -m 128M -smp $(SMP) $(qemu_args-$(ARCH))

qemu_args-$(BLK) += \
  -device virtio-blk-$(vdev-suffix),drive=disk0 \
  -drive id=disk0,if=none,format=raw,file=$(DISK_IMG)

qemu_args-$(NET) += \
  -device virtio-net-$(vdev-suffix),netdev=net0

ifeq ($(GRAPHIC), n)
  qemu_args-y += -nographic
endif

define run_qemu
  @printf "    $(CYAN_C)Running$(END_C) on qemu...\n"
  $(call run_cmd,$(QEMU),$(qemu_args-y))
endef
`,
    expected: {
      name: 'Record OUT_BIN',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/OUT_BIN.rr',
      kernel: '${workspaceFolder}/<OUT_BIN>',
      bios: 'builtin',
      drives: [
        {
          id: 'disk0',
          image: '${workspaceFolder}/<DISK_IMG>',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/OUT_BIN-disk0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-smp <SMP>', '-kernel <OUT_BIN>', '-drive id=disk0,if=none,format=raw,file=<DISK_IMG>'],
  },
  {
    name: 'ArceOS start script',
    source: 'c0per/arceos, start.sh',
    file: 'start.sh',
    folder: '',
    text: String.raw`# run qemu
qemu-system-riscv64 -machine virt -m 128M -smp 1 \
    -bios default -kernel kernel.bin -nographic \
    -device virtio-blk-device,drive=disk0 \
    -drive id=disk0,if=none,format=raw,file=disk.img
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/kernel.bin',
      bios: 'builtin',
      drives: [
        {
          id: 'disk0',
          image: '${workspaceFolder}/disk.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-disk0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-kernel kernel.bin'],
  },
  {
    name: 'RT-Thread',
    source: 'RT-Thread/rt-thread, bsp/qemu-virt64-riscv/qemu-nographic.sh',
    file: 'bsp/qemu-virt64-riscv/qemu-nographic.sh',
    folder: 'bsp/qemu-virt64-riscv',
    text: String.raw`if [ ! -f "sd.bin" ]; then
dd if=/dev/zero of=sd.bin bs=1024 count=65536
fi

qemu-system-riscv64 -nographic -machine virt -m 256M -kernel rtthread.bin \
-drive if=none,file=sd.bin,format=raw,id=blk0 -device virtio-blk-device,drive=blk0,bus=virtio-mmio-bus.0 \
-netdev user,id=tap0 -device virtio-net-device,netdev=tap0,bus=virtio-mmio-bus.1 \
-device virtio-serial-device -chardev socket,host=127.0.0.1,port=4321,server=on,wait=off,telnet=on,id=console0 -device virtserialport,chardev=console0
`,
    expected: {
      name: 'Record rtthread',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/rtthread.rr',
      kernel: '${workspaceFolder}/bsp/qemu-virt64-riscv/rtthread.bin',
      bios: 'builtin',
      memory: '256M',
      drives: [
        {
          id: 'blk0',
          image: '${workspaceFolder}/bsp/qemu-virt64-riscv/sd.bin',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/rtthread-blk0.qcow2',
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [
      '-netdev user,id=tap0',
      '-device virtio-net-device,netdev=tap0,bus=virtio-mmio-bus.1',
      '-device virtio-serial-device',
      '-chardev socket,host=127.0.0.1,port=4321,server=on,wait=off,telnet=on,id=console0',
      '-device virtserialport,chardev=console0',
      '-kernel rtthread.bin',
    ],
  },
  {
    name: 's3k',
    source: 'kth-step/s3k, projects/hello/scripts/qemu.sh',
    file: 'projects/hello/scripts/qemu.sh',
    folder: '',
    text: String.raw`#!/usr/bin/env bash

KERNEL=build/s3k
APP0=build/app0
APP1=build/app1

qemu-system-riscv64 -M virt -smp 4 -m 128M		\
	-nographic -bios none -kernel $KERNEL.elf	\
	-device loader,file=$APP0.bin,addr=0x80010000	\
	-device loader,file=$APP1.bin,addr=0x80020000	\
	$@
`,
    expected: {
      name: 'Record s3k',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/s3k.rr',
      kernel: '${workspaceFolder}/build/s3k.elf',
      bios: 'none',
      load: ['${workspaceFolder}/build/app0.bin@0x80010000', '${workspaceFolder}/build/app1.bin@0x80020000'],
      harts: 4,
    },
    unmapped: [],
  },
  {
    name: 'osblog',
    source: 'sgmarz/osblog, risc_v/.cargo/config',
    file: 'risc_v/.cargo/config',
    folder: 'risc_v',
    text: String.raw`[target.riscv64gc-unknown-none-elf]
runner = "qemu-system-riscv64 -machine virt -cpu rv64 -d guest_errors,unimp -smp 4 -m 128M -drive if=none,format=raw,file=hdd.dsk,id=foo -device virtio-blk-device,scsi=off,drive=foo -serial mon:stdio -bios none -device virtio-rng-device -device virtio-gpu-device -device virtio-net-device -device virtio-tablet-device -device virtio-keyboard-device -kernel "
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/risc_v/<kernel>',
      bios: 'none',
      harts: 4,
      drives: [
        {
          id: 'foo',
          image: '${workspaceFolder}/risc_v/hdd.dsk',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-foo.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
      rng: true,
    },
    unmapped: [
      '-d guest_errors,unimp',
      '-device virtio-gpu-device',
      '-device virtio-net-device',
      '-device virtio-tablet-device',
      '-device virtio-keyboard-device',
      '-kernel',
      '-kernel',
    ],
  },
  {
    name: 'OpenSBI with a trusted environment',
    source: 'Tert-butyllithium/opensbi-riscv-tee, run.sh',
    file: 'run.sh',
    folder: '',
    text: String.raw`qemu-system-riscv64 -M virt -m 256M -nographic \
        -kernel build/platform/qemu/virt/firmware/fw_jump.elf \
        -device loader,file=/home/prongs/src/linux/arch/riscv/boot/Image,addr=0x80200000 \
        -drive file=/home/prongs/src/busybox/root.bin,format=raw,id=hd0 \
        -device virtio-blk-device,drive=hd0 \
        -append "root=/dev/vda rw console=ttyS0"
`,
    expected: {
      name: 'Record fw_jump',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/fw_jump.rr',
      kernel: '${workspaceFolder}/build/platform/qemu/virt/firmware/fw_jump.elf',
      append: 'root=/dev/vda rw console=ttyS0',
      load: ['/home/prongs/src/linux/arch/riscv/boot/Image@0x80200000'],
      memory: '256M',
      drives: [
        {
          id: 'hd0',
          image: '/home/prongs/src/busybox/root.bin',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/fw_jump-hd0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [],
  },
  {
    name: 'Linux with an initial RAM disk',
    source: 'msyksphinz-self/riscv_linux, linux_on_qemu/qemu_riscv_boot.sh',
    file: 'qemu_riscv_boot.sh',
    folder: '',
    text: String.raw`qemu-system-riscv64 -nographic -machine virt \
                    -kernel /linux_riscv/linux/arch/riscv/boot/Image \
                    -initrd /linux_riscv/rootfs.cpio \
                    -drive file=/linux_riscv/testfs.img,format=raw,id=testfs \
                    -device virtio-blk-device,drive=testfs \
                    -append "console=ttyS0 rdinit=/init"
`,
    expected: {
      name: 'Record Image',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/Image.rr',
      kernel: '/linux_riscv/linux/arch/riscv/boot/Image',
      initrd: '/linux_riscv/rootfs.cpio',
      append: 'console=ttyS0 rdinit=/init',
      drives: [
        {
          id: 'testfs',
          image: '/linux_riscv/testfs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/Image-testfs.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [],
  },
  {
    name: 'Limine bare metal',
    source: 'archaic-archea/LSD-limine, .cargo/runner.sh',
    file: 'runner.sh',
    folder: '',
    text: String.raw`qemu-system-riscv64 \
    -machine virt \
    -cpu rv64 \
    -bios opensbi-riscv64-generic-fw_dynamic.bin \
    -m 256m \
    -global virtio-mmio.force-legacy=false \
    -s \
    -serial stdio \
    -kernel target/riscv64imac-unknown-none-elf/debug/risc-v-bare
`,
    expected: {
      name: 'Record risc-v-bare',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/risc-v-bare.rr',
      kernel: '${workspaceFolder}/target/riscv64imac-unknown-none-elf/debug/risc-v-bare',
      bios: 'builtin',
      memory: '256M',
      gdbServer: 1234,
    },
    unmapped: ['-bios opensbi-riscv64-generic-fw_dynamic.bin'],
  },
  {
    name: 'zig-bare-riscv',
    source: 'archaic-archea/zig-bare-riscv, run.zsh',
    file: 'run.zsh',
    folder: '',
    text: String.raw`rm -rf drive

qemu-system-riscv64 \
    -machine virt \
    -cpu rv64 \
    -smp 1 \
    -m 8G \
    -global virtio-mmio.force-legacy=false \
    -object rng-random,filename=/dev/urandom,id=rng0 \
    -device nvme,serial=deadbeff,drive=disk1 -drive id=disk1,format=raw,if=none,file=fat:rw:drive \
    -device virtio-rng-device,rng=rng0 \
    -device virtio-gpu-device \
    -bios conf/opensbi-riscv64-generic-fw_jump.bin \
    -kernel conf/spark-riscv-sbi-release.bin \
    -serial mon:stdio \
    -d int,guest_errors \
    -no-reboot
`,
    expected: {
      name: 'Record spark-riscv-sbi-release',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/spark-riscv-sbi-release.rr',
      kernel: '${workspaceFolder}/conf/spark-riscv-sbi-release.bin',
      bios: '${workspaceFolder}/conf/opensbi-riscv64-generic-fw_jump.bin',
      memory: '2G',
      rng: true,
      noReboot: true,
    },
    unmapped: [
      '-m 8G',
      '-device virtio-gpu-device',
      '-d int,guest_errors',
      '-kernel conf/spark-riscv-sbi-release.bin',
      '-device nvme,serial=deadbeff,drive=disk1',
    ],
  },
  {
    name: 'UEFI with flash',
    source: 'a gist of pdp7, with pflash as blockdev',
    file: '',
    folder: '',
    text: String.raw`$ qemu/build/qemu-system-riscv64 -M virt,pflash0=pflash0,pflash1=pflash1 -m 2G -smp 8 -serial mon:stdio -nographic -blockdev node-name=pflash0,driver=file,read-only=on,filename=RISCV_VIRT_CODE.fd -blockdev node-name=pflash1,driver=file,filename=RISCV_VIRT_VARS.fd -append "root=/dev/ram ro console=hvc earlycon=sbi loglevel=8" -kernel linux/arch/riscv/boot/Image -bios ~/data/opensbi/build/platform/generic/firmware/fw_dynamic.bin
`,
    expected: {
      name: 'Record Image',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/Image.rr',
      kernel: '${workspaceFolder}/linux/arch/riscv/boot/Image',
      bios: '${userHome}/data/opensbi/build/platform/generic/firmware/fw_dynamic.bin',
      append: 'root=/dev/ram ro console=hvc earlycon=sbi loglevel=8',
      memory: '2G',
      harts: 8,
    },
    unmapped: ['-M virt,pflash0=pflash0,pflash1=pflash1'],
  },
  {
    name: 'sv39 crate',
    source: 'docs.rs/crate/sv39/0.1.0, Makefile',
    file: 'Makefile',
    folder: '',
    text: String.raw`run: build
	qemu-system-riscv64 \
		-machine virt \
		-cpu rv64 \
		-bios default \
		-smp 1 \
		-m 128M \
		-nographic \
		-serial mon:stdio \
		--no-reboot \
		-kernel target/riscv64gc-unknown-none-elf/debug/dummy-kernel
`,
    expected: {
      name: 'Record dummy-kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/dummy-kernel.rr',
      kernel: '${workspaceFolder}/target/riscv64gc-unknown-none-elf/debug/dummy-kernel',
      bios: 'builtin',
      noReboot: true,
    },
    unmapped: [],
  },
  {
    name: 'coreboot',
    source: 'doc.coreboot.org/mainboard/emulation/qemu-riscv.html',
    file: '',
    folder: '',
    text: String.raw`qemu-system-riscv64 -M virt -m 1G -nographic -bios build/coreboot.rom \
                    -drive if=pflash,file=./build/coreboot.rom,format=raw
`,
    expected: {
      name: 'Record coreboot',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/coreboot.rr',
      bios: '${workspaceFolder}/build/coreboot.rom',
      memory: '1G',
    },
    unmapped: ['-drive if=pflash,file=./build/coreboot.rom,format=raw'],
  },
];
