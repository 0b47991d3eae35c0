/**
 * FENCE.I, cache block operations, Zicsr and the privileged instructions. They are from Volume I, "Zifencei", "Zicsr",
 * "CMO Extensions" and "Zawrs"; from Volume II, "Instruction Set Listings"; and from the debug specification (`dret`).
 * `uret` is from the removed N extension. A hart ignores the unused fields of FENCE.I, but objdump shows the
 * instruction as data if they are not zero.
 */
export const SYSTEM = {
  zifencei: `
fence.i   . ------------ ----- 001 ----- 0001111
  fence.i . rd=0 rs1=0 imm=0
  data    .
`,
  zicbom: `
cbo.inval (rs1) 000000000000 ----- 010 00000 0001111
cbo.clean (rs1) 000000000001 ----- 010 00000 0001111
cbo.flush (rs1) 000000000010 ----- 010 00000 0001111
`,
  zicboz: `
cbo.zero (rs1) 000000000100 ----- 010 00000 0001111
`,
  n: `
uret . 000000000010 00000 000 00000 1110011
`,
  privileged: `
sret         .       000100000010 00000 000 00000 1110011
mret         .       001100000010 00000 000 00000 1110011
wfi          .       000100000101 00000 000 00000 1110011
sfence.vma   rs1,rs2 0001001 ----- ----- 000 00000 1110011
  sfence.vma .       rs1=0 rs2=0
  sfence.vma rs1     rs2=0
`,
  debug: `
dret . 011110110010 00000 000 00000 1110011
`,
  zawrs: `
wrs.nto . 000000001101 00000 000 00000 1110011
wrs.sto . 000000011101 00000 000 00000 1110011
`,
  svinval: `
sinval.vma      rs1,rs2 0001011 ----- ----- 000 00000 1110011
sfence.w.inval  .       0001100 00000 00000 000 00000 1110011
sfence.inval.ir .       0001100 00001 00000 000 00000 1110011
`,
  h: `
hinval.vvma rs1,rs2 0010011 ----- ----- 000 00000 1110011
hinval.gvma rs1,rs2 0110011 ----- ----- 000 00000 1110011
`,
  zicsr: `
csrrw       rd,csr,rs1  ------------ ----- 001 ----- 1110011
  unimp     .           rd=0 csr=0xc00 rs1=0
  fsflags   rs1         rd=0 csr=0x001
  fsflags   rd,rs1      csr=0x001
  fsrm      rs1         rd=0 csr=0x002
  fsrm      rd,rs1      csr=0x002
  fscsr     rs1         rd=0 csr=0x003
  fscsr     rd,rs1      csr=0x003
  csrw      csr,rs1     rd=0
csrrs       rd,csr,rs1  ------------ ----- 010 ----- 1110011
  frflags   rd          csr=0x001 rs1=0
  frrm      rd          csr=0x002 rs1=0
  frcsr     rd          csr=0x003 rs1=0
  rdcycle   rd          csr=0xc00 rs1=0
  rdtime    rd          csr=0xc01 rs1=0
  rdinstret rd          csr=0xc02 rs1=0
  csrr      rd,csr      rs1=0
  csrs      csr,rs1     rd=0
csrrc       rd,csr,rs1  ------------ ----- 011 ----- 1110011
  csrc      csr,rs1     rd=0
csrrwi      rd,csr,uimm ------------ ----- 101 ----- 1110011
  fsflagsi  rd,uimm     csr=0x001
  fsrmi     rd,uimm     csr=0x002
  csrwi     csr,uimm    rd=0
csrrsi      rd,csr,uimm ------------ ----- 110 ----- 1110011
  csrsi     csr,uimm    rd=0
csrrci      rd,csr,uimm ------------ ----- 111 ----- 1110011
  csrci     csr,uimm    rd=0
`,
};
