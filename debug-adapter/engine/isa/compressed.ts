/**
 * The compressed instructions of RV64GC (Volume I, "Instruction listing for RVC"). In place of the operands, each row
 * specifies the instruction to which the compressed instruction expands; `.` marks a reserved encoding. C.MV expands to
 * ADDI instead of ADD; the manual permits this.
 *
 * A compressed instruction is shown as its expansion, because the hart executes the expanded form. The indented rows
 * are exceptions, mostly hints: instructions that have no effect and that objdump shows under their own names.
 */
export const COMPRESSED = {
  c: `
c.unimp     .                              000 00000000 000 00
  unimp     .
reserved    .                              000 00000000 --- 00
c.addi4spn  addi cshort2,sp,cabove         000 -------- --- 00
c.fld       fld cfshort,cdoffset(cshort1)  001 --- --- -- --- 00
c.lw        lw cshort2,cwoffset(cshort1)   010 --- --- -- --- 00
c.ld        ld cshort2,cdoffset(cshort1)   011 --- --- -- --- 00
c.fsd       fsd cfshort,cdoffset(cshort1)  101 --- --- -- --- 00
c.sw        sw cshort2,cwoffset(cshort1)   110 --- --- -- --- 00
c.sd        sd cshort2,cdoffset(cshort1)   111 --- --- -- --- 00

c.nop       addi zero,zero,cimm            000 - 00000 ----- 01
  nop       .                              cimm=0
  c.nop     cimm
c.addi      addi rd,rd,cimm                000 - ----- ----- 01
  addi      rd,rd,cimm                     cimm=0
reserved    .                              001 - 00000 ----- 01
c.addiw     addiw rd,rd,cimm               001 - ----- ----- 01
c.li        addi rd,zero,cimm              010 - ----- ----- 01
  c.li      zero,cimm                      rd=0
reserved    .                              011 0 ----- 00000 01
c.addi16sp  addi sp,sp,cadjust             011 - 00010 ----- 01
c.lui       lui rd,cupper                  011 - ----- ----- 01
  c.lui     zero,cupper                    rd=0
c.srli      srli cshort1,cshort1,cshamt    100 - 00 --- ----- 01
  c.srli64  cshort1                        cshamt=0
c.srai      srai cshort1,cshort1,cshamt    100 - 01 --- ----- 01
  c.srai64  cshort1                        cshamt=0
c.andi      andi cshort1,cshort1,cimm      100 - 10 --- ----- 01
c.sub       sub cshort1,cshort1,cshort2    100 0 11 --- 00 --- 01
c.xor       xor cshort1,cshort1,cshort2    100 0 11 --- 01 --- 01
c.or        or cshort1,cshort1,cshort2     100 0 11 --- 10 --- 01
c.and       and cshort1,cshort1,cshort2    100 0 11 --- 11 --- 01
c.subw      subw cshort1,cshort1,cshort2   100 1 11 --- 00 --- 01
c.addw      addw cshort1,cshort1,cshort2   100 1 11 --- 01 --- 01
c.j         jal zero,cjump                 101 ----------- 01
c.beqz      beq cshort1,zero,cbranch       110 --- --- ----- 01
c.bnez      bne cshort1,zero,cbranch       111 --- --- ----- 01

c.slli      slli rd,rd,cshamt              000 - ----- ----- 10
  c.slli64  rd                             cshamt=0
  c.slli    zero,cshamt                    rd=0
c.fldsp     fld frd,cdload(sp)             001 - ----- ----- 10
reserved    .                              010 - 00000 ----- 10
c.lwsp      lw rd,cwload(sp)               010 - ----- ----- 10
reserved    .                              011 - 00000 ----- 10
c.ldsp      ld rd,cdload(sp)               011 - ----- ----- 10
reserved    .                              100 0 00000 00000 10
c.jr        jalr zero,0(rd)                100 0 ----- 00000 10
c.mv        addi rd,crs2,0                 100 0 ----- ----- 10
  c.mv      zero,crs2                      rd=0
c.ebreak    ebreak                         100 1 00000 00000 10
c.jalr      jalr ra,0(rd)                  100 1 ----- 00000 10
c.add       add rd,rd,crs2                 100 1 ----- ----- 10
  c.add     zero,crs2                      rd=0
c.fsdsp     fsd cfrs2,cdstore(sp)          101 ------ ----- 10
c.swsp      sw crs2,cwstore(sp)            110 ------ ----- 10
c.sdsp      sd crs2,cdstore(sp)            111 ------ ----- 10
`,
};
