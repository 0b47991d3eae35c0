/**
 * The instructions of RV64I and of the extensions M, A, Zba, Zbb, Zbs, Zbc and Zicond, from the instruction set
 * listings in the chapters "RV32I", "RV64I", "M", "A", "B" and "Zicond" of Volume I. The prefetches are in Zicbop; they
 * are encoded as ORI with destination x0. `pause` is in Zihintpause. A hart ignores the reserved fields of a fence, but
 * objdump shows the fence as data if they are not zero.
 */
export const INTEGER = {
  i: `
lui          rd,upper             -------------------- ----- 0110111
auipc        rd,upper             -------------------- ----- 0010111
jal          rd,jump              -------------------- ----- 1101111
  j          jump                 rd=0
  jal        jump                 rd=1
jalr         rd,imm(rs1)          ------------ ----- 000 ----- 1100111
  ret        .                    rd=0 imm=0 rs1=1
  jr         rs1                  rd=0 imm=0
  jr         imm(rs1)             rd=0
  jalr       rs1                  rd=1 imm=0
  jalr       imm(rs1)             rd=1
  jalr       rd,rs1               imm=0
beq          rs1,rs2,branch       ------- ----- ----- 000 ----- 1100011
  beqz       rs1,branch           rs2=0
bne          rs1,rs2,branch       ------- ----- ----- 001 ----- 1100011
  bnez       rs1,branch           rs2=0
blt          rs1,rs2,branch       ------- ----- ----- 100 ----- 1100011
  bltz       rs1,branch           rs2=0
  bgtz       rs2,branch           rs1=0
bge          rs1,rs2,branch       ------- ----- ----- 101 ----- 1100011
  blez       rs2,branch           rs1=0
  bgez       rs1,branch           rs2=0
bltu         rs1,rs2,branch       ------- ----- ----- 110 ----- 1100011
bgeu         rs1,rs2,branch       ------- ----- ----- 111 ----- 1100011
lb           rd,imm(rs1)          ------------ ----- 000 ----- 0000011
lh           rd,imm(rs1)          ------------ ----- 001 ----- 0000011
lw           rd,imm(rs1)          ------------ ----- 010 ----- 0000011
ld           rd,imm(rs1)          ------------ ----- 011 ----- 0000011
lbu          rd,imm(rs1)          ------------ ----- 100 ----- 0000011
lhu          rd,imm(rs1)          ------------ ----- 101 ----- 0000011
lwu          rd,imm(rs1)          ------------ ----- 110 ----- 0000011
sb           rs2,storeoffset(rs1) ------- ----- ----- 000 ----- 0100011
sh           rs2,storeoffset(rs1) ------- ----- ----- 001 ----- 0100011
sw           rs2,storeoffset(rs1) ------- ----- ----- 010 ----- 0100011
sd           rs2,storeoffset(rs1) ------- ----- ----- 011 ----- 0100011
addi         rd,rs1,imm           ------------ ----- 000 ----- 0010011
  nop        .                    rd=0 imm=0 rs1=0
  li         rd,imm               rs1=0
  mv         rd,rs1               imm=0
slti         rd,rs1,imm           ------------ ----- 010 ----- 0010011
sltiu        rd,rs1,imm           ------------ ----- 011 ----- 0010011
  seqz       rd,rs1               imm=1
xori         rd,rs1,imm           ------------ ----- 100 ----- 0010011
  not        rd,rs1               imm=-1
ori          rd,rs1,imm           ------------ ----- 110 ----- 0010011
  prefetch.i poffset(rs1)         rd=0 rs2=0
  prefetch.r poffset(rs1)         rd=0 rs2=1
  prefetch.w poffset(rs1)         rd=0 rs2=3
andi         rd,rs1,imm           ------------ ----- 111 ----- 0010011
  zext.b     rd,rs1               imm=255
slli         rd,rs1,shamt         000000 ------ ----- 001 ----- 0010011
srli         rd,rs1,shamt         000000 ------ ----- 101 ----- 0010011
srai         rd,rs1,shamt         010000 ------ ----- 101 ----- 0010011
addiw        rd,rs1,imm           ------------ ----- 000 ----- 0011011
  sext.w     rd,rs1               imm=0
slliw        rd,rs1,shamtw        0000000 ----- ----- 001 ----- 0011011
srliw        rd,rs1,shamtw        0000000 ----- ----- 101 ----- 0011011
sraiw        rd,rs1,shamtw        0100000 ----- ----- 101 ----- 0011011
add          rd,rs1,rs2           0000000 ----- ----- 000 ----- 0110011
sub          rd,rs1,rs2           0100000 ----- ----- 000 ----- 0110011
  neg        rd,rs2               rs1=0
sll          rd,rs1,rs2           0000000 ----- ----- 001 ----- 0110011
slt          rd,rs1,rs2           0000000 ----- ----- 010 ----- 0110011
  sltz       rd,rs1               rs2=0
  sgtz       rd,rs2               rs1=0
sltu         rd,rs1,rs2           0000000 ----- ----- 011 ----- 0110011
  snez       rd,rs2               rs1=0
xor          rd,rs1,rs2           0000000 ----- ----- 100 ----- 0110011
srl          rd,rs1,rs2           0000000 ----- ----- 101 ----- 0110011
sra          rd,rs1,rs2           0100000 ----- ----- 101 ----- 0110011
or           rd,rs1,rs2           0000000 ----- ----- 110 ----- 0110011
and          rd,rs1,rs2           0000000 ----- ----- 111 ----- 0110011
addw         rd,rs1,rs2           0000000 ----- ----- 000 ----- 0111011
subw         rd,rs1,rs2           0100000 ----- ----- 000 ----- 0111011
  negw       rd,rs2               rs1=0
sllw         rd,rs1,rs2           0000000 ----- ----- 001 ----- 0111011
srlw         rd,rs1,rs2           0000000 ----- ----- 101 ----- 0111011
sraw         rd,rs1,rs2           0100000 ----- ----- 101 ----- 0111011
fence        pred,succ            ---- ---- ---- ----- 000 ----- 0001111
  fence.tso  .                    rd=0 rs1=0 fm=8 pred=3 succ=3
  pause      .                    rd=0 rs1=0 fm=0 pred=1 succ=0
  fence      .                    rd=0 rs1=0 fm=0 pred=15 succ=15
  fence      pred,succ            rd=0 rs1=0 fm=0
  data       .
ecall        .                    000000000000 00000 000 00000 1110011
ebreak       .                    000000000001 00000 000 00000 1110011
`,
  m: `
mul    rd,rs1,rs2 0000001 ----- ----- 000 ----- 0110011
mulh   rd,rs1,rs2 0000001 ----- ----- 001 ----- 0110011
mulhsu rd,rs1,rs2 0000001 ----- ----- 010 ----- 0110011
mulhu  rd,rs1,rs2 0000001 ----- ----- 011 ----- 0110011
div    rd,rs1,rs2 0000001 ----- ----- 100 ----- 0110011
divu   rd,rs1,rs2 0000001 ----- ----- 101 ----- 0110011
rem    rd,rs1,rs2 0000001 ----- ----- 110 ----- 0110011
remu   rd,rs1,rs2 0000001 ----- ----- 111 ----- 0110011
mulw   rd,rs1,rs2 0000001 ----- ----- 000 ----- 0111011
divw   rd,rs1,rs2 0000001 ----- ----- 100 ----- 0111011
divuw  rd,rs1,rs2 0000001 ----- ----- 101 ----- 0111011
remw   rd,rs1,rs2 0000001 ----- ----- 110 ----- 0111011
remuw  rd,rs1,rs2 0000001 ----- ----- 111 ----- 0111011
`,
  a: `
lr.w*      rd,(rs1)     00010 -- 00000 ----- 010 ----- 0101111
sc.w*      rd,rs2,(rs1) 00011 -- ----- ----- 010 ----- 0101111
amoswap.w* rd,rs2,(rs1) 00001 -- ----- ----- 010 ----- 0101111
amoadd.w*  rd,rs2,(rs1) 00000 -- ----- ----- 010 ----- 0101111
amoxor.w*  rd,rs2,(rs1) 00100 -- ----- ----- 010 ----- 0101111
amoand.w*  rd,rs2,(rs1) 01100 -- ----- ----- 010 ----- 0101111
amoor.w*   rd,rs2,(rs1) 01000 -- ----- ----- 010 ----- 0101111
amomin.w*  rd,rs2,(rs1) 10000 -- ----- ----- 010 ----- 0101111
amomax.w*  rd,rs2,(rs1) 10100 -- ----- ----- 010 ----- 0101111
amominu.w* rd,rs2,(rs1) 11000 -- ----- ----- 010 ----- 0101111
amomaxu.w* rd,rs2,(rs1) 11100 -- ----- ----- 010 ----- 0101111
lr.d*      rd,(rs1)     00010 -- 00000 ----- 011 ----- 0101111
sc.d*      rd,rs2,(rs1) 00011 -- ----- ----- 011 ----- 0101111
amoswap.d* rd,rs2,(rs1) 00001 -- ----- ----- 011 ----- 0101111
amoadd.d*  rd,rs2,(rs1) 00000 -- ----- ----- 011 ----- 0101111
amoxor.d*  rd,rs2,(rs1) 00100 -- ----- ----- 011 ----- 0101111
amoand.d*  rd,rs2,(rs1) 01100 -- ----- ----- 011 ----- 0101111
amoor.d*   rd,rs2,(rs1) 01000 -- ----- ----- 011 ----- 0101111
amomin.d*  rd,rs2,(rs1) 10000 -- ----- ----- 011 ----- 0101111
amomax.d*  rd,rs2,(rs1) 10100 -- ----- ----- 011 ----- 0101111
amominu.d* rd,rs2,(rs1) 11000 -- ----- ----- 011 ----- 0101111
amomaxu.d* rd,rs2,(rs1) 11100 -- ----- ----- 011 ----- 0101111
`,
  zba: `
sh1add    rd,rs1,rs2   0010000 ----- ----- 010 ----- 0110011
sh2add    rd,rs1,rs2   0010000 ----- ----- 100 ----- 0110011
sh3add    rd,rs1,rs2   0010000 ----- ----- 110 ----- 0110011
add.uw    rd,rs1,rs2   0000100 ----- ----- 000 ----- 0111011
  zext.w  rd,rs1       rs2=0
sh1add.uw rd,rs1,rs2   0010000 ----- ----- 010 ----- 0111011
sh2add.uw rd,rs1,rs2   0010000 ----- ----- 100 ----- 0111011
sh3add.uw rd,rs1,rs2   0010000 ----- ----- 110 ----- 0111011
slli.uw   rd,rs1,shamt 000010 ------ ----- 001 ----- 0011011
`,
  zbb: `
andn   rd,rs1,rs2    0100000 ----- ----- 111 ----- 0110011
orn    rd,rs1,rs2    0100000 ----- ----- 110 ----- 0110011
xnor   rd,rs1,rs2    0100000 ----- ----- 100 ----- 0110011
clz    rd,rs1        011000000000 ----- 001 ----- 0010011
ctz    rd,rs1        011000000001 ----- 001 ----- 0010011
cpop   rd,rs1        011000000010 ----- 001 ----- 0010011
sext.b rd,rs1        011000000100 ----- 001 ----- 0010011
sext.h rd,rs1        011000000101 ----- 001 ----- 0010011
clzw   rd,rs1        011000000000 ----- 001 ----- 0011011
ctzw   rd,rs1        011000000001 ----- 001 ----- 0011011
cpopw  rd,rs1        011000000010 ----- 001 ----- 0011011
zext.h rd,rs1        000010000000 ----- 100 ----- 0111011
max    rd,rs1,rs2    0000101 ----- ----- 110 ----- 0110011
maxu   rd,rs1,rs2    0000101 ----- ----- 111 ----- 0110011
min    rd,rs1,rs2    0000101 ----- ----- 100 ----- 0110011
minu   rd,rs1,rs2    0000101 ----- ----- 101 ----- 0110011
rol    rd,rs1,rs2    0110000 ----- ----- 001 ----- 0110011
ror    rd,rs1,rs2    0110000 ----- ----- 101 ----- 0110011
rori   rd,rs1,shamt  011000 ------ ----- 101 ----- 0010011
rolw   rd,rs1,rs2    0110000 ----- ----- 001 ----- 0111011
rorw   rd,rs1,rs2    0110000 ----- ----- 101 ----- 0111011
roriw  rd,rs1,shamtw 0110000 ----- ----- 101 ----- 0011011
rev8   rd,rs1        011010111000 ----- 101 ----- 0010011
orc.b  rd,rs1        001010000111 ----- 101 ----- 0010011
`,
  zbs: `
bclr  rd,rs1,rs2   0100100 ----- ----- 001 ----- 0110011
bext  rd,rs1,rs2   0100100 ----- ----- 101 ----- 0110011
binv  rd,rs1,rs2   0110100 ----- ----- 001 ----- 0110011
bset  rd,rs1,rs2   0010100 ----- ----- 001 ----- 0110011
bclri rd,rs1,shamt 010010 ------ ----- 001 ----- 0010011
bexti rd,rs1,shamt 010010 ------ ----- 101 ----- 0010011
binvi rd,rs1,shamt 011010 ------ ----- 001 ----- 0010011
bseti rd,rs1,shamt 001010 ------ ----- 001 ----- 0010011
`,
  zbc: `
clmul  rd,rs1,rs2 0000101 ----- ----- 001 ----- 0110011
clmulr rd,rs1,rs2 0000101 ----- ----- 010 ----- 0110011
clmulh rd,rs1,rs2 0000101 ----- ----- 011 ----- 0110011
`,
  zicond: `
czero.eqz rd,rs1,rs2 0000111 ----- ----- 101 ----- 0110011
czero.nez rd,rs1,rs2 0000111 ----- ----- 111 ----- 0110011
`,
};
