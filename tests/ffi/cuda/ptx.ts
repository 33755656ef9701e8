import { assertEquals, assertThrows } from "@std/assert";
import { testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { ptxToCpp } from "../../cuda_emulation/ptx_to_cpp.ts";
import { runPlanted } from "./planted_kernel.ts";

// A kernel of one pointer that carries out some instructions in each of 64 threads.
function kernel(instructions: string): string {
  return `
.version 9.0
.target sm_90
.address_size 64
.extern .shared .align 128 .b8 shared_memory[];
.visible .entry probe(
	.param .u64 probe_param_0
)
{
	.reg .pred 	%p<9>;
	.reg .b16 	%rs<9>;
	.reg .f32 	%f<9>;
	.reg .b32 	%r<9>;
	.reg .b64 	%rd<9>;

	ld.param.u64 	%rd1, [probe_param_0];
	cvta.to.global.u64 	%rd2, %rd1;
	mov.u32 	%r1, %tid.x;
	setp.eq.s32 	%p1, %r1, 0;
	${instructions}
	@%p1 bra 	$L__BB0_2;
	bra.uni 	$L__BB0_1;

$L__BB0_1:
	st.global.f32 	[%rd2+252], %f1;

$L__BB0_2:
	ret;

}
`;
}

// What NVIDIA's description of PTX says, where C++ or a processor does otherwise.
const meanings: [title: string, instructions: string, result: number][] = [
  [
    "a shift by the width or more gives 0",
    "mov.u32 %r2, 5; mov.u32 %r3, 32; shl.b32 %r4, %r2, %r3; cvt.rn.f32.s32 %f1, %r4;",
    0,
  ],
  [
    "a signed one to the right, the sign",
    "mov.u32 %r2, -5; mov.u32 %r3, 99; shr.s32 %r4, %r2, %r3; cvt.rn.f32.s32 %f1, %r4;",
    -1,
  ],
  [
    "the larger of a number and NaN is the number",
    "mov.f32 %f2, 0f7FC00000; mov.f32 %f3, 0f40000000; max.f32 %f1, %f2, %f3;",
    2,
  ],
  [
    "NaN is less or equal, unordered",
    "mov.f32 %f2, 0f7FC00000; setp.leu.f32 %p2, %f2, %f2; selp.f32 %f1, 0f3F800000, 0f00000000, %p2;",
    1,
  ],
  [
    "NaN is not unequal to itself, ordered",
    "mov.f32 %f2, 0f7FC00000; setp.ne.f32 %p2, %f2, %f2; selp.f32 %f1, 0f3F800000, 0f00000000, %p2;",
    0,
  ],
  ["a saturated NaN is 0", "mov.f32 %f2, 0f7FC00000; cvt.sat.f32.f32 %f1, %f2;", 0],
  [
    "a product and sum is rounded down",
    "mov.f32 %f2, 0f3F800000; mov.f32 %f3, 0fB0800000; fma.rm.f32 %f1, %f2, %f3, %f2;",
    1 - 2 ** -24,
  ],
  [
    "bits are inserted",
    "mov.u32 %r2, 7; mov.u32 %r3, 256; bfi.b32 %r4, %r2, %r3, 4, 2; cvt.rn.f32.s32 %f1, %r4;",
    256 + 48,
  ],
  [
    "wide products keep the sign",
    "mov.u32 %r2, -70000; mul.wide.s32 %rd3, %r2, 70000; shr.s64 %rd4, %rd3, 20; cvt.u32.u64 %r3, %rd4; cvt.rn.f32.s32 %f1, %r3;",
    -4674,
  ],
  [
    "the first of a pair of bfloat16 is the upper half",
    "mov.f32 %f2, 0f40400000; mov.f32 %f3, 0f3F800000; cvt.rn.bf16x2.f32 %r2, %f2, %f3; and.b32 %r3, %r2, -65536; mov.b32 %f1, %r3;",
    3,
  ],
  [
    "a thread gets the value of its neighbour",
    "mov.u32 %r2, 31; mov.u32 %r3, -1; mov.u32 %r4, 1; shfl.sync.bfly.b32 %r5|%p3, %r1, %r4, %r2, %r3; cvt.rn.f32.s32 %f1, %r5;",
    1,
  ],
  [
    "a ballot has a bit for each lane",
    "mov.u32 %r2, -1; setp.gt.s32 %p3, %r1, 20; vote.sync.ballot.b32 %r3, %p3, %r2; shr.u32 %r4, %r3, 20; cvt.rn.f32.s32 %f1, %r4;",
    0xffe,
  ],
  [
    "set bits are counted",
    "mov.u32 %r2, -3; popc.b32 %r3, %r2; cvt.rn.f32.s32 %f1, %r3;",
    31,
  ],
  [
    "vectors are packed in order",
    "mov.u32 %r2, 1; mov.u32 %r3, 2; mov.b64 %rd3, {%r2, %r3}; shr.u64 %rd4, %rd3, 32; cvt.u32.u64 %r4, %rd4; cvt.rn.f32.s32 %f1, %r4;",
    2,
  ],
  [
    "what a thread stored in shared memory another reads behind a barrier",
    "mov.u64 %rd3, shared_memory; mul.wide.u32 %rd4, %r1, 4; add.s64 %rd5, %rd3, %rd4; st.shared.u32 [%rd5], %r1; bar.sync 0; ld.shared.u32 %r2, [%rd3+252]; cvt.rn.f32.s32 %f1, %r2;",
    63,
  ],
];

testOnEmulation("PTX as C++: instructions do what NVIDIA's description says", async (emulation, t) => {
  const stored = meanings.map(([, instructions], i) => `${instructions}\n\t@%p1 st.global.f32 [%rd2+${4 * i}], %f1;`);
  let results: Float32Array = new Float32Array();
  runPlanted(emulation, ptxToCpp(kernel(stored.join("\n\t"))), "probe", ({ launch, write, read }) => {
    write(new Float32Array(64).fill(NaN));
    launch();
    results = read(meanings.length);
  });
  for (const [i, [title, , result]] of meanings.entries()) await t.step(title, () => assertEquals(results[i], result));
});

testOnEmulation("PTX as C++: an address outside of shared memory is found", (emulation) => {
  const outside = kernel(
    "mov.u32 %r2, 1; mov.u64 %rd3, shared_memory; st.shared.u32 [%rd3+500000], %r2; mov.f32 %f1, 0f00000000;",
  );
  runPlanted(emulation, ptxToCpp(outside), "probe", ({ launch }) => {
    assertThrows(launch);
    assertEquals(emulation.message().includes("an address outside of shared memory"), true, emulation.message());
  });
});

Deno.test("PTX as C++: an instruction of unknown meaning is an error that shows it", () => {
  // Near to what is understood, and something else.
  const others = [
    ...["clz.b32 %r2, %r1;", "mul.hi.s32 %r2, %r1, %r1;", "mad.wide.s32 %rd3, %r1, %r1, %rd1;", "bar.sync 1, 32;"],
    ...["max.NaN.f32 %f1, %f1, %f2;", "add.ftz.f32 %f1, %f1, %f2;", "cvt.rz.f32.f64 %f1, %fd1;"],
    ...[
      "ld.global.nc.f64 %f1, [%rd2];",
      "atom.shared.min.u32 %r2, [%rd2], %r1;",
      "red.shared.add.u64 [%rd2], %rd1;",
      "bar.warp.sync 255;",
    ],
    ...["setp.lt.and.s32 %p2, %r1, 3, %p1;", "vote.sync.all.pred %p2, %p1, -1;"],
  ];
  for (const line of others) {
    assertThrows(() => ptxToCpp(kernel(line)), SyntaxError, "of a PTX text");
  }
  assertThrows(() => ptxToCpp("// nothing"), SyntaxError, "no .visible .entry");
});
