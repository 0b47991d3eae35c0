/**
 * The compressed instructions of RV64GC (Volume I, "Instruction listing for RVC"). Each instruction is shown as the
 * instruction that it expands to, because the hart executes the expanded form. Hints, which have no effect, are shown
 * under their own names, as in objdump.
 */
export const COMPRESSED = `
unimp     .                         000 00000000 000 00
reserved  .                         000 00000000 --- 00
addi      cshort2,sp,cabove         000 -------- --- 00
fld       cfshort,cdoffset(cshort1) 001 --- --- -- --- 00
lw        cshort2,cwoffset(cshort1) 010 --- --- -- --- 00
ld        cshort2,cdoffset(cshort1) 011 --- --- -- --- 00
fsd       cfshort,cdoffset(cshort1) 101 --- --- -- --- 00
sw        cshort2,cwoffset(cshort1) 110 --- --- -- --- 00
sd        cshort2,cdoffset(cshort1) 111 --- --- -- --- 00

nop       .                         000 0 00000 00000 01
c.nop     cimm                      000 - 00000 ----- 01
addi      rd,rd,cimm                000 - ----- ----- 01
reserved  .                         001 - 00000 ----- 01
sext.w    rd,rd                     001 0 ----- 00000 01
addiw     rd,rd,cimm                001 - ----- ----- 01
c.li      zero,cimm                 010 - 00000 ----- 01
li        rd,cimm                   010 - ----- ----- 01
reserved  .                         011 0 ----- 00000 01
addi      sp,sp,cadjust             011 - 00010 ----- 01
c.lui     zero,cupper               011 - 00000 ----- 01
lui       rd,cupper                 011 - ----- ----- 01
c.srli64  cshort1                   100 0 00 --- 00000 01
srli      cshort1,cshort1,cshamt    100 - 00 --- ----- 01
c.srai64  cshort1                   100 0 01 --- 00000 01
srai      cshort1,cshort1,cshamt    100 - 01 --- ----- 01
andi      cshort1,cshort1,cimm      100 - 10 --- ----- 01
sub       cshort1,cshort1,cshort2   100 0 11 --- 00 --- 01
xor       cshort1,cshort1,cshort2   100 0 11 --- 01 --- 01
or        cshort1,cshort1,cshort2   100 0 11 --- 10 --- 01
and       cshort1,cshort1,cshort2   100 0 11 --- 11 --- 01
subw      cshort1,cshort1,cshort2   100 1 11 --- 00 --- 01
addw      cshort1,cshort1,cshort2   100 1 11 --- 01 --- 01
j         cjump                     101 ----------- 01
beqz      cshort1,cbranch           110 --- --- ----- 01
bnez      cshort1,cbranch           111 --- --- ----- 01

c.slli64  rd                        000 0 ----- 00000 10
c.slli    zero,cshamt               000 - 00000 ----- 10
slli      rd,rd,cshamt              000 - ----- ----- 10
fld       frd,cdload(sp)           001 - ----- ----- 10
reserved  .                         010 - 00000 ----- 10
lw        rd,cwload(sp)             010 - ----- ----- 10
reserved  .                         011 - 00000 ----- 10
ld        rd,cdload(sp)             011 - ----- ----- 10
reserved  .                         100 0 00000 00000 10
ret       .                         100 0 00001 00000 10
jr        rd                        100 0 ----- 00000 10
c.mv      zero,crs2                 100 0 00000 ----- 10
mv        rd,crs2                   100 0 ----- ----- 10
ebreak    .                         100 1 00000 00000 10
jalr      rd                        100 1 ----- 00000 10
c.add     zero,crs2                 100 1 00000 ----- 10
add       rd,rd,crs2                100 1 ----- ----- 10
fsd       cfrs2,cdstore(sp)         101 ------ ----- 10
sw        crs2,cwstore(sp)          110 ------ ----- 10
sd        crs2,cdstore(sp)          111 ------ ----- 10
`;
