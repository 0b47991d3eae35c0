/**
 * The instructions of the F, D and Zfh extensions, from the instruction set listings in the chapters "F", "D" and "Zfh"
 * in Volume I. `rm` is the rounding mode. A conversion to a wider format is always exact. If the rounding mode of such
 * a conversion is not 0, objdump shows the instruction as data, although it is legal.
 */
export const FLOATING_POINT = {
  f: `
flw       frd,imm(rs1)          ------------ ----- 010 ----- 0000111
fsw       frs2,storeoffset(rs1) ------- ----- ----- 010 ----- 0100111
fmadd.s   frd,frs1,frs2,frs3,rm -----00 ----- ----- --- ----- 1000011
fmsub.s   frd,frs1,frs2,frs3,rm -----00 ----- ----- --- ----- 1000111
fnmsub.s  frd,frs1,frs2,frs3,rm -----00 ----- ----- --- ----- 1001011
fnmadd.s  frd,frs1,frs2,frs3,rm -----00 ----- ----- --- ----- 1001111
fadd.s    frd,frs1,frs2,rm      0000000 ----- ----- --- ----- 1010011
fsub.s    frd,frs1,frs2,rm      0000100 ----- ----- --- ----- 1010011
fmul.s    frd,frs1,frs2,rm      0001000 ----- ----- --- ----- 1010011
fdiv.s    frd,frs1,frs2,rm      0001100 ----- ----- --- ----- 1010011
fsqrt.s   frd,frs1,rm           0101100 00000 ----- --- ----- 1010011
fsgnj.s   frd,frs1,frs2         0010000 ----- ----- 000 ----- 1010011
  fmv.s   frd,frs1              frs2=frs1
fsgnjn.s  frd,frs1,frs2         0010000 ----- ----- 001 ----- 1010011
  fneg.s  frd,frs1              frs2=frs1
fsgnjx.s  frd,frs1,frs2         0010000 ----- ----- 010 ----- 1010011
  fabs.s  frd,frs1              frs2=frs1
fmin.s    frd,frs1,frs2         0010100 ----- ----- 000 ----- 1010011
fmax.s    frd,frs1,frs2         0010100 ----- ----- 001 ----- 1010011
fle.s     rd,frs1,frs2          1010000 ----- ----- 000 ----- 1010011
flt.s     rd,frs1,frs2          1010000 ----- ----- 001 ----- 1010011
feq.s     rd,frs1,frs2          1010000 ----- ----- 010 ----- 1010011
fclass.s  rd,frs1               1110000 00000 ----- 001 ----- 1010011
fcvt.w.s  rd,frs1,rm            1100000 00000 ----- --- ----- 1010011
fcvt.wu.s rd,frs1,rm            1100000 00001 ----- --- ----- 1010011
fcvt.l.s  rd,frs1,rm            1100000 00010 ----- --- ----- 1010011
fcvt.lu.s rd,frs1,rm            1100000 00011 ----- --- ----- 1010011
fcvt.s.w  frd,rs1,rm            1101000 00000 ----- --- ----- 1010011
fcvt.s.wu frd,rs1,rm            1101000 00001 ----- --- ----- 1010011
fcvt.s.l  frd,rs1,rm            1101000 00010 ----- --- ----- 1010011
fcvt.s.lu frd,rs1,rm            1101000 00011 ----- --- ----- 1010011
fmv.x.w   rd,frs1               1110000 00000 ----- 000 ----- 1010011
fmv.w.x   frd,rs1               1111000 00000 ----- 000 ----- 1010011
`,
  d: `
fld         frd,imm(rs1)          ------------ ----- 011 ----- 0000111
fsd         frs2,storeoffset(rs1) ------- ----- ----- 011 ----- 0100111
fmadd.d     frd,frs1,frs2,frs3,rm -----01 ----- ----- --- ----- 1000011
fmsub.d     frd,frs1,frs2,frs3,rm -----01 ----- ----- --- ----- 1000111
fnmsub.d    frd,frs1,frs2,frs3,rm -----01 ----- ----- --- ----- 1001011
fnmadd.d    frd,frs1,frs2,frs3,rm -----01 ----- ----- --- ----- 1001111
fadd.d      frd,frs1,frs2,rm      0000001 ----- ----- --- ----- 1010011
fsub.d      frd,frs1,frs2,rm      0000101 ----- ----- --- ----- 1010011
fmul.d      frd,frs1,frs2,rm      0001001 ----- ----- --- ----- 1010011
fdiv.d      frd,frs1,frs2,rm      0001101 ----- ----- --- ----- 1010011
fsqrt.d     frd,frs1,rm           0101101 00000 ----- --- ----- 1010011
fsgnj.d     frd,frs1,frs2         0010001 ----- ----- 000 ----- 1010011
  fmv.d     frd,frs1              frs2=frs1
fsgnjn.d    frd,frs1,frs2         0010001 ----- ----- 001 ----- 1010011
  fneg.d    frd,frs1              frs2=frs1
fsgnjx.d    frd,frs1,frs2         0010001 ----- ----- 010 ----- 1010011
  fabs.d    frd,frs1              frs2=frs1
fmin.d      frd,frs1,frs2         0010101 ----- ----- 000 ----- 1010011
fmax.d      frd,frs1,frs2         0010101 ----- ----- 001 ----- 1010011
fle.d       rd,frs1,frs2          1010001 ----- ----- 000 ----- 1010011
flt.d       rd,frs1,frs2          1010001 ----- ----- 001 ----- 1010011
feq.d       rd,frs1,frs2          1010001 ----- ----- 010 ----- 1010011
fclass.d    rd,frs1               1110001 00000 ----- 001 ----- 1010011
fcvt.w.d    rd,frs1,rm            1100001 00000 ----- --- ----- 1010011
fcvt.wu.d   rd,frs1,rm            1100001 00001 ----- --- ----- 1010011
fcvt.l.d    rd,frs1,rm            1100001 00010 ----- --- ----- 1010011
fcvt.lu.d   rd,frs1,rm            1100001 00011 ----- --- ----- 1010011
fcvt.d.w    frd,rs1,rm            1101001 00000 ----- --- ----- 1010011
  fcvt.d.w  frd,rs1               rm=0
  data      .
fcvt.d.wu   frd,rs1,rm            1101001 00001 ----- --- ----- 1010011
  fcvt.d.wu frd,rs1               rm=0
  data      .
fcvt.d.l    frd,rs1,rm            1101001 00010 ----- --- ----- 1010011
fcvt.d.lu   frd,rs1,rm            1101001 00011 ----- --- ----- 1010011
fcvt.s.d    frd,frs1,rm           0100000 00001 ----- --- ----- 1010011
fcvt.d.s    frd,frs1,rm           0100001 00000 ----- --- ----- 1010011
  fcvt.d.s  frd,frs1              rm=0
  data      .
fmv.x.d     rd,frs1               1110001 00000 ----- 000 ----- 1010011
fmv.d.x     frd,rs1               1111001 00000 ----- 000 ----- 1010011
`,
  zfhmin: `
flh        frd,imm(rs1)          ------------ ----- 001 ----- 0000111
fsh        frs2,storeoffset(rs1) ------- ----- ----- 001 ----- 0100111
fcvt.s.h   frd,frs1,rm           0100000 00010 ----- --- ----- 1010011
  fcvt.s.h frd,frs1              rm=0
  data     .
fcvt.d.h   frd,frs1,rm           0100001 00010 ----- --- ----- 1010011
  fcvt.d.h frd,frs1              rm=0
  data     .
fcvt.h.s   frd,frs1,rm           0100010 00000 ----- --- ----- 1010011
fcvt.h.d   frd,frs1,rm           0100010 00001 ----- --- ----- 1010011
fmv.x.h    rd,frs1               1110010 00000 ----- 000 ----- 1010011
fmv.h.x    frd,rs1               1111010 00000 ----- 000 ----- 1010011
`,
  zfh: `
fmadd.h   frd,frs1,frs2,frs3,rm -----10 ----- ----- --- ----- 1000011
fmsub.h   frd,frs1,frs2,frs3,rm -----10 ----- ----- --- ----- 1000111
fnmsub.h  frd,frs1,frs2,frs3,rm -----10 ----- ----- --- ----- 1001011
fnmadd.h  frd,frs1,frs2,frs3,rm -----10 ----- ----- --- ----- 1001111
fadd.h    frd,frs1,frs2,rm      0000010 ----- ----- --- ----- 1010011
fsub.h    frd,frs1,frs2,rm      0000110 ----- ----- --- ----- 1010011
fmul.h    frd,frs1,frs2,rm      0001010 ----- ----- --- ----- 1010011
fdiv.h    frd,frs1,frs2,rm      0001110 ----- ----- --- ----- 1010011
fsqrt.h   frd,frs1,rm           0101110 00000 ----- --- ----- 1010011
fsgnj.h   frd,frs1,frs2         0010010 ----- ----- 000 ----- 1010011
  fmv.h   frd,frs1              frs2=frs1
fsgnjn.h  frd,frs1,frs2         0010010 ----- ----- 001 ----- 1010011
  fneg.h  frd,frs1              frs2=frs1
fsgnjx.h  frd,frs1,frs2         0010010 ----- ----- 010 ----- 1010011
  fabs.h  frd,frs1              frs2=frs1
fmin.h    frd,frs1,frs2         0010110 ----- ----- 000 ----- 1010011
fmax.h    frd,frs1,frs2         0010110 ----- ----- 001 ----- 1010011
fle.h     rd,frs1,frs2          1010010 ----- ----- 000 ----- 1010011
flt.h     rd,frs1,frs2          1010010 ----- ----- 001 ----- 1010011
feq.h     rd,frs1,frs2          1010010 ----- ----- 010 ----- 1010011
fclass.h  rd,frs1               1110010 00000 ----- 001 ----- 1010011
fcvt.w.h  rd,frs1,rm            1100010 00000 ----- --- ----- 1010011
fcvt.wu.h rd,frs1,rm            1100010 00001 ----- --- ----- 1010011
fcvt.l.h  rd,frs1,rm            1100010 00010 ----- --- ----- 1010011
fcvt.lu.h rd,frs1,rm            1100010 00011 ----- --- ----- 1010011
fcvt.h.w  frd,rs1,rm            1101010 00000 ----- --- ----- 1010011
fcvt.h.wu frd,rs1,rm            1101010 00001 ----- --- ----- 1010011
fcvt.h.l  frd,rs1,rm            1101010 00010 ----- --- ----- 1010011
fcvt.h.lu frd,rs1,rm            1101010 00011 ----- --- ----- 1010011
`,
};
