;; Flash attention: o = softmax(scale q k^T) v, head dimension 64, 48 query rows a work tile.

;;   pack (once for each KV head): stage K in panels of 8 keys, stage V in panels of 8 dims
;;   attend (once for each work tile): load q
;;     for each block of 256 keys, for each group of 6 rows:
;;       scores        s = q k^T
;;       mask          s = -2^126 where the row does not see the key
;;       row maximum   m' = max(m, s)
;;       rescale       r = e^(m - m')
;;       exponentials  p = e^(s - m')
;;       row sum       l = l r + sum of p
;;       accumulate    sums = sums r + p v
;;     write o = sums / l

;; Memory: address 0 holds a row of zeros; the host says where the rest lies.
;;   packedK       [key panel][dim][8 keys]
;;   packedV       [key block][dim panel][key][8 dims]
;;   scratch       of a thread, by byte offset:
;;                 0 q, 12288 sums, both [48][64]; 24576 scores, [row][256];
;;                 30720 m, 30976 r, 31232 what s is shifted by, a lane a row;
;;                 31488 l, 8 lanes a row; 33024 the maxima of the block, 8 lanes a row
(module
  ;; Memory is the host's, in pages of 64 KiB.
  (import "host" "memory" (memory 1 65536 shared))

  ;; The workload. Strides, from one row of q or o and of k or v to the next, are in bytes.
  (global $seqKv (mut i32) (i32.const 0))
  (global $keysPadded (mut i32) (i32.const 0))
  (global $windowLow (mut i32) (i32.const 0))
  (global $windowHigh (mut i32) (i32.const 0))
  (global $qStride (mut i32) (i32.const 0))
  (global $kvStride (mut i32) (i32.const 0))
  (global $scale (mut f32) (f32.const 0))

  ;; configure: sets the globals, once.
  (func $configure (export "configure")
    (param $seqKv i32) (param $keysPadded i32) (param $windowLow i32) (param $windowHigh i32) (param $qStride i32)
    (param $kvStride i32) (param $scale f32)
    (global.set $seqKv (local.get $seqKv))
    (global.set $keysPadded (local.get $keysPadded))
    (global.set $windowLow (local.get $windowLow))
    (global.set $windowHigh (local.get $windowHigh))
    (global.set $qStride (local.get $qStride))
    (global.set $kvStride (local.get $kvStride))
    (global.set $scale (local.get $scale)))

  ;; attend: one work tile, $rows query rows from $firstRow of the sequence.
  ;; $q and $o point at the first of them, $packedK, $packedV and $norms at the KV head.
  (func $attend (export "attend")
    (param $q i32) (param $o i32) (param $rows i32) (param $firstRow i32) (param $packedK i32) (param $packedV i32)
    (param $scratch i32) (param $norms i32)
    (local $paddedRows i32) (local $firstKey i32) (local $lastKey i32) (local $bounded i32) (local $overflow i32)
    (local $key i32) (local $keys i32) (local $blockLength i32) (local $row i32) (local $stats i32) (local $scores i32)
    (local $groupKeys i32) (local $masked i32) (local $panel i32)

    ;; the keys that any row sees, the first rounded down to a block
    (local.set $firstKey (i32.and (call $low_key (local.get $firstRow)) (i32.const -256)))
    (local.set $lastKey (call $high_key (i32.sub (i32.add (local.get $firstRow) (local.get $rows)) (i32.const 1))))

    ;; rows in whole groups
    (local.set $paddedRows (i32.mul (i32.div_u (i32.add (local.get $rows) (i32.const 5)) (i32.const 6)) (i32.const 6)))

    ;; the norms of the panels that are seen tell whether maxima are needed
    (local.set $bounded
      (call $bounded
        (local.get $q)
        (local.get $rows)
        (local.get $norms)
        (i32.div_u (local.get $firstKey) (i32.const 8))
        (i32.div_u (i32.add (local.get $lastKey) (i32.const 7)) (i32.const 8))))

    ;; once, or twice where the sums overflow without maxima
    (loop $again
      ;; load q
      (call $load_q (local.get $q) (local.get $rows) (local.get $paddedRows) (local.get $scratch) (local.get $bounded))

      ;; for each key block: scores, mask, row maximum, rescale, exponentials, row sum, accumulate
      ;; for key in firstKey .. lastKey step 256
      (local.set $key (local.get $firstKey))
      (block $key_end
        (loop $key_next
          (br_if $key_end (i32.ge_s (local.get $key) (local.get $lastKey)))
          ;; keys of the block up to the last that any row sees, in whole panels
          (local.set $keys
            (call $min
              (i32.and (i32.add (i32.sub (local.get $lastKey) (local.get $key)) (i32.const 7)) (i32.const -8))
              (i32.const 256)))
          ;; keys of the block that are packed: so long are its panels of V
          (local.set $blockLength (call $min (i32.sub (global.get $keysPadded) (local.get $key)) (i32.const 256)))
          ;; each group of 6 rows: its statistics, its scores, and how many keys of the block it takes
          (local.set $stats (i32.add (local.get $scratch) (i32.const 30720)))
          ;; for row in 0 .. paddedRows step 6
          (local.set $row (i32.const 0))
          (block $row_end
            (loop $row_next
              (br_if $row_end (i32.ge_s (local.get $row) (local.get $paddedRows)))
              (local.set $scores (i32.add (local.get $scratch) (i32.const 24576)))
              (local.set $groupKeys
                (call $group_keys
                  (i32.add (i32.add (local.get $firstRow) (local.get $row)) (i32.const 5))
                  (local.get $key)
                  (local.get $keys)))
              (if (local.get $groupKeys)
                (then
                  ;; scores: q k^T, a panel of keys at a time
                  ;; for panel in 0 .. groupKeys step 8
                  (local.set $panel (i32.const 0))
                  (block $panel_end
                    (loop $panel_next
                      (br_if $panel_end (i32.ge_s (local.get $panel) (local.get $groupKeys)))
                      (call $scores
                        (i32.add (local.get $scratch) (i32.mul (local.get $row) (i32.const 256)))
                        (i32.add
                          (local.get $packedK)
                          (i32.mul (i32.add (local.get $key) (local.get $panel)) (i32.const 256)))
                        (i32.add (local.get $scores) (i32.shl (local.get $panel) (i32.const 2))))
                      (local.set $panel (i32.add (local.get $panel) (i32.const 8)))
                      (br $panel_next)))

                  ;; mask: where the block ends past what the first row sees, or begins before what the last one sees
                  (local.set $masked
                    (i32.or
                      (i32.gt_s
                        (i32.add (local.get $key) (local.get $groupKeys))
                        (call $high_key (i32.add (local.get $firstRow) (local.get $row))))
                      (i32.gt_s
                        (call $low_key (i32.add (i32.add (local.get $firstRow) (local.get $row)) (i32.const 5)))
                        (local.get $key))))
                  (if (local.get $masked)
                    (then
                      (call $mask
                        (local.get $scores)
                        (local.get $key)
                        (local.get $groupKeys)
                        (i32.add (local.get $firstRow) (local.get $row)))))

                  ;; row maximum, rescale, exponentials, row sum: without maxima where they are not needed and nothing
                  ;; is masked
                  (if (i32.and (local.get $bounded) (i32.eqz (local.get $masked)))
                    (then
                      (call $softmax_bounded
                        (local.get $scores)
                        (local.get $groupKeys)
                        (local.get $stats)
                        (i32.add (local.get $scratch) (i32.const 30720))))
                    (else
                      (call $softmax
                        (local.get $scores)
                        (local.get $groupKeys)
                        (local.get $stats)
                        (i32.add (local.get $scratch) (i32.const 30720)))))

                  ;; accumulate: sums = sums * rescale + weights v, a panel of dims at a time
                  ;; for panel in 0 .. 64 step 8
                  (local.set $panel (i32.const 0))
                  (block $panel_end
                    (loop $panel_next
                      (br_if $panel_end (i32.ge_s (local.get $panel) (i32.const 64)))
                      ;; the panel begins after the blocks before it
                      (call $accumulate
                        (local.get $scores)
                        (i32.add
                          (local.get $packedV)
                          (i32.shl
                            (i32.add
                              (i32.mul (local.get $key) (i32.const 64))
                              (i32.mul (local.get $panel) (local.get $blockLength)))
                            (i32.const 2)))
                        (i32.add
                          (i32.add
                            (i32.add (local.get $scratch) (i32.mul (local.get $row) (i32.const 256)))
                            (i32.shl (local.get $panel) (i32.const 2)))
                          (i32.const 12288))
                        (i32.add (local.get $stats) (i32.const 256))
                        (local.get $groupKeys))
                      (local.set $panel (i32.add (local.get $panel) (i32.const 8)))
                      (br $panel_next)))))
              (local.set $stats (i32.add (local.get $stats) (i32.const 32)))
              (local.set $row (i32.add (local.get $row) (i32.const 6)))
              (br $row_next)))
          (local.set $key (i32.add (local.get $key) (i32.const 256)))
          (br $key_next)))

      ;; write
      (local.set $overflow (call $write (local.get $o) (local.get $rows) (local.get $scratch)))

      ;; values so large that weights above 1 made the sums overflow: once more, with maxima
      (if (i32.and (local.get $bounded) (local.get $overflow))
        (then
          (local.set $bounded (i32.const 0))
          (br $again)))))

  ;; $load_q: $rows scaled rows of q, and zeros up to $paddedRows, to $scratch;
  ;; sums and l begin at 0, m at 0 where $bounded, else below all scores.
  (func $load_q
    (param $q i32) (param $rows i32) (param $paddedRows i32) (param $scratch i32) (param $bounded i32)
    (local $row i32) (local $stats i32) (local $sums i32) (local $d i32) (local $from i32) (local $to i32)
    (local $scale v128) (local $lowest v128)

    ;; m and the shift of each row group, a lane a row
    (local.set $lowest (f32x4.splat (select (f32.const 0) (f32.const -0x1p+100) (local.get $bounded))))
    (local.set $stats (i32.add (local.get $scratch) (i32.const 30720)))
    ;; for row in 0 .. paddedRows step 6
    (local.set $row (i32.const 0))
    (block $row_end
      (loop $row_next
        (br_if $row_end (i32.ge_s (local.get $row) (local.get $paddedRows)))
        (v128.store (local.get $stats) (local.get $lowest))
        (v128.store offset=16 (local.get $stats) (local.get $lowest))
        (v128.store offset=512 (local.get $stats) (f32x4.splat (f32.const 0)))
        (v128.store offset=528 (local.get $stats) (f32x4.splat (f32.const 0)))
        (local.set $stats (i32.add (local.get $stats) (i32.const 32)))
        (local.set $row (i32.add (local.get $row) (i32.const 6)))
        (br $row_next)))

    ;; q times scale; rows past the end repeat the zeros at address 0
    (local.set $scale (f32x4.splat (global.get $scale)))
    (local.set $to (local.get $scratch))
    (local.set $sums (i32.add (local.get $scratch) (i32.const 31488)))
    ;; for row in 0 .. paddedRows step 1
    (local.set $row (i32.const 0))
    (block $row_end
      (loop $row_next
        (br_if $row_end (i32.ge_s (local.get $row) (local.get $paddedRows)))
        ;; l
        (v128.store (local.get $sums) (f32x4.splat (f32.const 0)))
        (v128.store offset=16 (local.get $sums) (f32x4.splat (f32.const 0)))
        (local.set $sums (i32.add (local.get $sums) (i32.const 32)))
        ;; a row of q and of the output sums
        (local.set $from (select (local.get $q) (i32.const 0) (i32.lt_s (local.get $row) (local.get $rows))))
        ;; for d in 0 .. 256 step 16
        (local.set $d (i32.const 0))
        (block $d_end
          (loop $d_next
            (br_if $d_end (i32.ge_s (local.get $d) (i32.const 256)))
            (v128.store
              (i32.add (local.get $to) (local.get $d))
              (f32x4.mul (local.get $scale) (v128.load (i32.add (local.get $from) (local.get $d)))))
            (v128.store offset=12288 (i32.add (local.get $to) (local.get $d)) (f32x4.splat (f32.const 0)))
            (local.set $d (i32.add (local.get $d) (i32.const 16)))
            (br $d_next)))
        (local.set $q (i32.add (local.get $q) (global.get $qStride)))
        (local.set $to (i32.add (local.get $to) (i32.const 256)))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (br $row_next))))

  ;; $scores: 6 rows x 8 keys of scores at $c
  ;; = q at $a times the K panel at $b, over all 64 dims.
  (func $scores
    (param $a i32) (param $b i32) (param $c i32)
    (local $end i32) (local $s v128) (local $b0 v128) (local $b1 v128) (local $c0_0 v128) (local $c0_1 v128)
    (local $c1_0 v128) (local $c1_1 v128) (local $c2_0 v128) (local $c2_1 v128) (local $c3_0 v128) (local $c3_1 v128)
    (local $c4_0 v128) (local $c4_1 v128) (local $c5_0 v128) (local $c5_1 v128)

    ;; the product, its sums in registers
    (local.set $end (i32.add (local.get $a) (i32.const 256)))
    ;; for a in a .. end step 16: c[row][vector] += a[row] * b[vector]
    (loop $next
      ;; element 0: a row of the panel, then one broadcast for each row of the tile
      (local.set $b0 (v128.load (local.get $b)))
      (local.set $b1 (v128.load offset=16 (local.get $b)))
      (local.set $s (v128.load32_splat (local.get $a)))
      (local.set $c0_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c0_0)))
      (local.set $c0_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c0_1)))
      (local.set $s (v128.load32_splat offset=256 (local.get $a)))
      (local.set $c1_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c1_0)))
      (local.set $c1_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c1_1)))
      (local.set $s (v128.load32_splat offset=512 (local.get $a)))
      (local.set $c2_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c2_0)))
      (local.set $c2_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c2_1)))
      (local.set $s (v128.load32_splat offset=768 (local.get $a)))
      (local.set $c3_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c3_0)))
      (local.set $c3_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c3_1)))
      (local.set $s (v128.load32_splat offset=1024 (local.get $a)))
      (local.set $c4_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c4_0)))
      (local.set $c4_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c4_1)))
      (local.set $s (v128.load32_splat offset=1280 (local.get $a)))
      (local.set $c5_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c5_0)))
      (local.set $c5_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c5_1)))
      ;; element 1: a row of the panel, then one broadcast for each row of the tile
      (local.set $b0 (v128.load offset=32 (local.get $b)))
      (local.set $b1 (v128.load offset=48 (local.get $b)))
      (local.set $s (v128.load32_splat offset=4 (local.get $a)))
      (local.set $c0_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c0_0)))
      (local.set $c0_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c0_1)))
      (local.set $s (v128.load32_splat offset=260 (local.get $a)))
      (local.set $c1_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c1_0)))
      (local.set $c1_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c1_1)))
      (local.set $s (v128.load32_splat offset=516 (local.get $a)))
      (local.set $c2_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c2_0)))
      (local.set $c2_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c2_1)))
      (local.set $s (v128.load32_splat offset=772 (local.get $a)))
      (local.set $c3_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c3_0)))
      (local.set $c3_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c3_1)))
      (local.set $s (v128.load32_splat offset=1028 (local.get $a)))
      (local.set $c4_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c4_0)))
      (local.set $c4_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c4_1)))
      (local.set $s (v128.load32_splat offset=1284 (local.get $a)))
      (local.set $c5_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c5_0)))
      (local.set $c5_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c5_1)))
      ;; element 2: a row of the panel, then one broadcast for each row of the tile
      (local.set $b0 (v128.load offset=64 (local.get $b)))
      (local.set $b1 (v128.load offset=80 (local.get $b)))
      (local.set $s (v128.load32_splat offset=8 (local.get $a)))
      (local.set $c0_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c0_0)))
      (local.set $c0_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c0_1)))
      (local.set $s (v128.load32_splat offset=264 (local.get $a)))
      (local.set $c1_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c1_0)))
      (local.set $c1_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c1_1)))
      (local.set $s (v128.load32_splat offset=520 (local.get $a)))
      (local.set $c2_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c2_0)))
      (local.set $c2_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c2_1)))
      (local.set $s (v128.load32_splat offset=776 (local.get $a)))
      (local.set $c3_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c3_0)))
      (local.set $c3_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c3_1)))
      (local.set $s (v128.load32_splat offset=1032 (local.get $a)))
      (local.set $c4_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c4_0)))
      (local.set $c4_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c4_1)))
      (local.set $s (v128.load32_splat offset=1288 (local.get $a)))
      (local.set $c5_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c5_0)))
      (local.set $c5_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c5_1)))
      ;; element 3: a row of the panel, then one broadcast for each row of the tile
      (local.set $b0 (v128.load offset=96 (local.get $b)))
      (local.set $b1 (v128.load offset=112 (local.get $b)))
      (local.set $s (v128.load32_splat offset=12 (local.get $a)))
      (local.set $c0_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c0_0)))
      (local.set $c0_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c0_1)))
      (local.set $s (v128.load32_splat offset=268 (local.get $a)))
      (local.set $c1_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c1_0)))
      (local.set $c1_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c1_1)))
      (local.set $s (v128.load32_splat offset=524 (local.get $a)))
      (local.set $c2_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c2_0)))
      (local.set $c2_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c2_1)))
      (local.set $s (v128.load32_splat offset=780 (local.get $a)))
      (local.set $c3_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c3_0)))
      (local.set $c3_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c3_1)))
      (local.set $s (v128.load32_splat offset=1036 (local.get $a)))
      (local.set $c4_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c4_0)))
      (local.set $c4_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c4_1)))
      (local.set $s (v128.load32_splat offset=1292 (local.get $a)))
      (local.set $c5_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c5_0)))
      (local.set $c5_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c5_1)))
      ;; on to the next elements
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 128)))
      (br_if $next (i32.lt_u (local.get $a) (local.get $end))))

    ;; the scores out
    (v128.store offset=16 (local.get $c) (local.get $c0_1))
    (v128.store (local.get $c) (local.get $c0_0))
    (v128.store offset=1040 (local.get $c) (local.get $c1_1))
    (v128.store offset=1024 (local.get $c) (local.get $c1_0))
    (v128.store offset=2064 (local.get $c) (local.get $c2_1))
    (v128.store offset=2048 (local.get $c) (local.get $c2_0))
    (v128.store offset=3088 (local.get $c) (local.get $c3_1))
    (v128.store offset=3072 (local.get $c) (local.get $c3_0))
    (v128.store offset=4112 (local.get $c) (local.get $c4_1))
    (v128.store offset=4096 (local.get $c) (local.get $c4_0))
    (v128.store offset=5136 (local.get $c) (local.get $c5_1))
    (v128.store offset=5120 (local.get $c) (local.get $c5_0)))

  ;; $mask: hides what 6 rows, from query row $position on, do not see
  ;; among the $count scores of each, which begin at $scores with key $key.
  (func $mask
    (param $scores i32) (param $key i32) (param $count i32) (param $position i32)
    (local $row i32) (local $low i32) (local $high i32)
    ;; for row in position .. position + 6 step 1
    (local.set $row (local.get $position))
    (block $row_end
      (loop $row_next
        (br_if $row_end (i32.ge_s (local.get $row) (i32.add (local.get $position) (i32.const 6))))
        ;; scores low .. high are seen
        (local.set $low
          (call $min
            (call $max (i32.sub (call $low_key (local.get $row)) (local.get $key)) (i32.const 0))
            (local.get $count)))
        (local.set $high
          (call $max
            (local.get $low)
            (call $min
              (call $max (i32.sub (call $high_key (local.get $row)) (local.get $key)) (i32.const 0))
              (local.get $count))))
        (call $hide (local.get $scores) (i32.add (local.get $scores) (i32.shl (local.get $low) (i32.const 2))))
        (call $hide
          (i32.add (local.get $scores) (i32.shl (local.get $high) (i32.const 2)))
          (i32.add (local.get $scores) (i32.shl (local.get $count) (i32.const 2))))
        (local.set $scores (i32.add (local.get $scores) (i32.const 1024)))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (br $row_next))))

  ;; $hide: the scores from $p up to $end become so low that they weigh nothing.
  (func $hide
    (param $p i32) (param $end i32)
    (if (i32.lt_u (local.get $p) (local.get $end))
      (then
        (loop $next
          (f32.store (local.get $p) (f32.const -0x1p+126))
          (local.set $p (i32.add (local.get $p) (i32.const 4)))
          (br_if $next (i32.lt_u (local.get $p) (local.get $end)))))))

  ;; $softmax: the $count scores of each of 6 rows from $scores become weights e^(score - m).
  ;; The statistics of these rows begin at $stats, those of all rows at $stats0.
  (func $softmax
    (param $scores i32) (param $count i32) (param $stats i32) (param $stats0 i32)
    (local $row i32) (local $lastRow i32) (local $t0 v128) (local $t1 v128) (local $partial i32) (local $rowStats i32)
    (local $p i32) (local $end i32) (local $log2e v128) (local $shift v128) (local $before v128) (local $after v128)
    (local $y0 v128) (local $y1 v128) (local $zeroExponent v128) (local $rounder v128) (local $term0 v128)
    (local $term1 v128) (local $term2 v128) (local $term3 v128) (local $term4 v128) (local $term5 v128) (local $x0 v128)
    (local $x0n v128) (local $x0f v128) (local $x1 v128) (local $x1n v128) (local $x1f v128) (local $x2 v128)
    (local $x2n v128) (local $x2f v128) (local $x3 v128) (local $x3n v128) (local $x3f v128)
    ;; constants of 2^x, broadcast once
    (local.set $zeroExponent (f32x4.splat (f32.const -127)))
    (local.set $rounder (f32x4.splat (f32.const 12582912)))
    (local.set $term0 (f32x4.splat (f32.const 0.00132647197968)))
    (local.set $term1 (f32x4.splat (f32.const 0.00967151315144)))
    (local.set $term2 (f32x4.splat (f32.const 0.0555073376787)))
    (local.set $term3 (f32x4.splat (f32.const 0.240222420742)))
    (local.set $term4 (f32x4.splat (f32.const 0.693146977582)))
    (local.set $term5 (f32x4.splat (f32.const 1)))
    (local.set $log2e (f32x4.splat (f32.const 1.4426950408889634)))
    (local.set $lastRow (i32.add (local.get $scores) (i32.const 6144)))

    ;; row maximum: the largest score of each row of the block, in two vectors
    ;; for row in scores .. lastRow step 1024
    (local.set $row (local.get $scores))
    (local.set $partial (i32.add (local.get $stats0) (i32.const 2304)))
    (loop $maxima_rows
      (local.set $t0 (f32x4.splat (f32.const -0x1p+100)))
      (local.set $t1 (f32x4.splat (f32.const -0x1p+100)))
      ;; for p in row .. row + 4 * count step 32
      (local.set $p (local.get $row))
      (local.set $end (i32.add (local.get $row) (i32.shl (local.get $count) (i32.const 2))))
      (loop $maxima
        (local.set $t0 (f32x4.pmax (local.get $t0) (v128.load (local.get $p))))
        (local.set $t1 (f32x4.pmax (local.get $t1) (v128.load offset=16 (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 32)))
        (br_if $maxima (i32.lt_u (local.get $p) (local.get $end))))
      (v128.store offset=16 (local.get $partial) (local.get $t1))
      (v128.store (local.get $partial) (local.get $t0))
      (local.set $row (i32.add (local.get $row) (i32.const 1024)))
      (local.set $partial (i32.add (local.get $partial) (i32.const 32)))
      (br_if $maxima_rows (i32.lt_u (local.get $row) (local.get $lastRow))))

    ;; rescale: the new maxima, and what the sums before them are multiplied by
    ;; rows 0 to 3: the maxima of four rows to the lanes of $x0
    (local.set $x0 (f32x4.pmax (v128.load offset=2304 (local.get $stats0)) (v128.load offset=2320 (local.get $stats0))))
    (local.set $x1 (f32x4.pmax (v128.load offset=2336 (local.get $stats0)) (v128.load offset=2352 (local.get $stats0))))
    (local.set $x2 (f32x4.pmax (v128.load offset=2368 (local.get $stats0)) (v128.load offset=2384 (local.get $stats0))))
    (local.set $x3 (f32x4.pmax (v128.load offset=2400 (local.get $stats0)) (v128.load offset=2416 (local.get $stats0))))
    (local.set $y0
      (f32x4.pmax
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $x0) (local.get $x1))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $x0) (local.get $x1))))
    (local.set $y1
      (f32x4.pmax
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $x2) (local.get $x3))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $x2) (local.get $x3))))
    (local.set $x0
      (f32x4.pmax
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $y0) (local.get $y1))
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $y0) (local.get $y1))))
    ;; m' = max(m, maximum of the block)
    (local.set $before (v128.load (local.get $stats)))
    (local.set $after (f32x4.pmax (local.get $before) (local.get $x0)))
    (v128.store (local.get $stats) (local.get $after))
    (v128.store offset=512 (local.get $stats) (f32x4.neg (f32x4.mul (local.get $after) (local.get $log2e))))
    ;; rescale = e^(m - m')
    (local.set $x0
      (f32x4.sub (f32x4.mul (local.get $before) (local.get $log2e)) (f32x4.mul (local.get $after) (local.get $log2e))))
    ;; x = max(x, -127), where 2^x comes out as 0
    (local.set $x0 (f32x4.pmax (local.get $x0) (local.get $zeroExponent)))
    ;; n = x rounded to a whole number, in the low bits
    (local.set $x0n (f32x4.add (local.get $x0) (local.get $rounder)))
    ;; f = x - n
    (local.set $x0f (f32x4.sub (local.get $x0) (f32x4.sub (local.get $x0n) (local.get $rounder))))
    ;; 2^f by Horner's rule, times 2^n: n added to the exponent
    (local.set $x0 (f32x4.relaxed_madd (local.get $term0) (local.get $x0f) (local.get $term1)))
    (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term2)))
    (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term3)))
    (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term4)))
    (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term5)))
    (local.set $x0 (i32x4.add (local.get $x0) (i32x4.shl (local.get $x0n) (i32.const 23))))
    (v128.store offset=256 (local.get $stats) (local.get $x0))
    ;; rows 4 to 5: the maxima of four rows to the lanes of $x0
    (local.set $x0 (f32x4.pmax (v128.load offset=2432 (local.get $stats0)) (v128.load offset=2448 (local.get $stats0))))
    (local.set $x1 (f32x4.pmax (v128.load offset=2464 (local.get $stats0)) (v128.load offset=2480 (local.get $stats0))))
    (local.set $x2 (f32x4.pmax (v128.load offset=2464 (local.get $stats0)) (v128.load offset=2480 (local.get $stats0))))
    (local.set $x3 (f32x4.pmax (v128.load offset=2464 (local.get $stats0)) (v128.load offset=2480 (local.get $stats0))))
    (local.set $y0
      (f32x4.pmax
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $x0) (local.get $x1))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $x0) (local.get $x1))))
    (local.set $y1
      (f32x4.pmax
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $x2) (local.get $x3))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $x2) (local.get $x3))))
    (local.set $x0
      (f32x4.pmax
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $y0) (local.get $y1))
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $y0) (local.get $y1))))
    ;; m' = max(m, maximum of the block)
    (local.set $before (v128.load offset=16 (local.get $stats)))
    (local.set $after (f32x4.pmax (local.get $before) (local.get $x0)))
    (v128.store offset=16 (local.get $stats) (local.get $after))
    (v128.store offset=528 (local.get $stats) (f32x4.neg (f32x4.mul (local.get $after) (local.get $log2e))))
    ;; rescale = e^(m - m')
    (local.set $x0
      (f32x4.sub (f32x4.mul (local.get $before) (local.get $log2e)) (f32x4.mul (local.get $after) (local.get $log2e))))
    ;; x = max(x, -127), where 2^x comes out as 0
    (local.set $x0 (f32x4.pmax (local.get $x0) (local.get $zeroExponent)))
    ;; n = x rounded to a whole number, in the low bits
    (local.set $x0n (f32x4.add (local.get $x0) (local.get $rounder)))
    ;; f = x - n
    (local.set $x0f (f32x4.sub (local.get $x0) (f32x4.sub (local.get $x0n) (local.get $rounder))))
    ;; 2^f by Horner's rule, times 2^n: n added to the exponent
    (local.set $x0 (f32x4.relaxed_madd (local.get $term0) (local.get $x0f) (local.get $term1)))
    (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term2)))
    (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term3)))
    (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term4)))
    (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term5)))
    (local.set $x0 (i32x4.add (local.get $x0) (i32x4.shl (local.get $x0n) (i32.const 23))))
    (v128.store offset=272 (local.get $stats) (local.get $x0))

    ;; exponentials and row sum: a panel width at a time, weights in place of scores
    (local.set $rowStats (local.get $stats))
    ;; for row in scores .. lastRow step 1024
    (local.set $row (local.get $scores))
    (local.set $partial
      (i32.add
        (i32.add (local.get $stats0) (i32.const 768))
        (i32.mul (i32.sub (local.get $stats) (local.get $stats0)) (i32.const 6))))
    (loop $weights_rows
      ;; l = l * rescale
      (local.set $shift (v128.load32_splat offset=256 (local.get $rowStats)))
      (local.set $t0 (f32x4.mul (local.get $shift) (v128.load (local.get $partial))))
      (local.set $t1 (f32x4.mul (local.get $shift) (v128.load offset=16 (local.get $partial))))
      (local.set $shift (v128.load32_splat offset=512 (local.get $rowStats)))
      (local.set $rowStats (i32.add (local.get $rowStats) (i32.const 4)))
      ;; for p in row .. row + 4 * count step 32
      (local.set $p (local.get $row))
      (local.set $end (i32.add (local.get $row) (i32.shl (local.get $count) (i32.const 2))))
      (loop $weights
        ;; exponentials: x = (score - m) log2(e), weight = 2^x
        (local.set $x0 (f32x4.relaxed_madd (v128.load (local.get $p)) (local.get $log2e) (local.get $shift)))
        (local.set $x1 (f32x4.relaxed_madd (v128.load offset=16 (local.get $p)) (local.get $log2e) (local.get $shift)))
        ;; x = max(x, -127), where 2^x comes out as 0
        (local.set $x0 (f32x4.pmax (local.get $x0) (local.get $zeroExponent)))
        (local.set $x1 (f32x4.pmax (local.get $x1) (local.get $zeroExponent)))
        ;; n = x rounded to a whole number, in the low bits
        (local.set $x0n (f32x4.add (local.get $x0) (local.get $rounder)))
        (local.set $x1n (f32x4.add (local.get $x1) (local.get $rounder)))
        ;; f = x - n
        (local.set $x0f (f32x4.sub (local.get $x0) (f32x4.sub (local.get $x0n) (local.get $rounder))))
        (local.set $x1f (f32x4.sub (local.get $x1) (f32x4.sub (local.get $x1n) (local.get $rounder))))
        ;; 2^f by Horner's rule, times 2^n: n added to the exponent
        (local.set $x0 (f32x4.relaxed_madd (local.get $term0) (local.get $x0f) (local.get $term1)))
        (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term2)))
        (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term3)))
        (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term4)))
        (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term5)))
        (local.set $x0 (i32x4.add (local.get $x0) (i32x4.shl (local.get $x0n) (i32.const 23))))
        (local.set $x1 (f32x4.relaxed_madd (local.get $term0) (local.get $x1f) (local.get $term1)))
        (local.set $x1 (f32x4.relaxed_madd (local.get $x1) (local.get $x1f) (local.get $term2)))
        (local.set $x1 (f32x4.relaxed_madd (local.get $x1) (local.get $x1f) (local.get $term3)))
        (local.set $x1 (f32x4.relaxed_madd (local.get $x1) (local.get $x1f) (local.get $term4)))
        (local.set $x1 (f32x4.relaxed_madd (local.get $x1) (local.get $x1f) (local.get $term5)))
        (local.set $x1 (i32x4.add (local.get $x1) (i32x4.shl (local.get $x1n) (i32.const 23))))
        (v128.store offset=16 (local.get $p) (local.get $x1))
        (v128.store (local.get $p) (local.get $x0))

        ;; row sum
        (local.set $t0 (f32x4.add (local.get $t0) (local.get $x0)))
        (local.set $t1 (f32x4.add (local.get $t1) (local.get $x1)))
        (local.set $p (i32.add (local.get $p) (i32.const 32)))
        (br_if $weights (i32.lt_u (local.get $p) (local.get $end))))
      (v128.store offset=16 (local.get $partial) (local.get $t1))
      (v128.store (local.get $partial) (local.get $t0))
      (local.set $row (i32.add (local.get $row) (i32.const 1024)))
      (local.set $partial (i32.add (local.get $partial) (i32.const 32)))
      (br_if $weights_rows (i32.lt_u (local.get $row) (local.get $lastRow)))))

  ;; $softmax_bounded: the same where the logits are bounded:
  ;; m stays as it is, and no exponent is so low that it must be raised.
  (func $softmax_bounded
    (param $scores i32) (param $count i32) (param $stats i32) (param $stats0 i32)
    (local $row i32) (local $lastRow i32) (local $t0 v128) (local $t1 v128) (local $partial i32) (local $rowStats i32)
    (local $p i32) (local $end i32) (local $log2e v128) (local $shift v128) (local $rounder v128) (local $term0 v128)
    (local $term1 v128) (local $term2 v128) (local $term3 v128) (local $term4 v128) (local $term5 v128) (local $x0 v128)
    (local $x0n v128) (local $x0f v128) (local $x1 v128) (local $x1n v128) (local $x1f v128)
    ;; constants of 2^x, broadcast once
    (local.set $rounder (f32x4.splat (f32.const 12582912)))
    (local.set $term0 (f32x4.splat (f32.const 0.00132647197968)))
    (local.set $term1 (f32x4.splat (f32.const 0.00967151315144)))
    (local.set $term2 (f32x4.splat (f32.const 0.0555073376787)))
    (local.set $term3 (f32x4.splat (f32.const 0.240222420742)))
    (local.set $term4 (f32x4.splat (f32.const 0.693146977582)))
    (local.set $term5 (f32x4.splat (f32.const 1)))
    (local.set $log2e (f32x4.splat (f32.const 1.4426950408889634)))
    (local.set $lastRow (i32.add (local.get $scores) (i32.const 6144)))

    ;; rescale: nothing to multiply by
    (v128.store offset=256 (local.get $stats) (f32x4.splat (f32.const 1)))
    (v128.store offset=272 (local.get $stats) (f32x4.splat (f32.const 1)))

    ;; exponentials and row sum: a panel width at a time, weights in place of scores
    (local.set $rowStats (local.get $stats))
    ;; for row in scores .. lastRow step 1024
    (local.set $row (local.get $scores))
    (local.set $partial
      (i32.add
        (i32.add (local.get $stats0) (i32.const 768))
        (i32.mul (i32.sub (local.get $stats) (local.get $stats0)) (i32.const 6))))
    (loop $weights_rows
      ;; l
      (local.set $t0 (v128.load (local.get $partial)))
      (local.set $t1 (v128.load offset=16 (local.get $partial)))
      (local.set $shift (v128.load32_splat offset=512 (local.get $rowStats)))
      (local.set $rowStats (i32.add (local.get $rowStats) (i32.const 4)))
      ;; for p in row .. row + 4 * count step 32
      (local.set $p (local.get $row))
      (local.set $end (i32.add (local.get $row) (i32.shl (local.get $count) (i32.const 2))))
      (loop $weights
        ;; exponentials: x = (score - m) log2(e), weight = 2^x
        (local.set $x0 (f32x4.relaxed_madd (v128.load (local.get $p)) (local.get $log2e) (local.get $shift)))
        (local.set $x1 (f32x4.relaxed_madd (v128.load offset=16 (local.get $p)) (local.get $log2e) (local.get $shift)))
        ;; n = x rounded to a whole number, in the low bits
        (local.set $x0n (f32x4.add (local.get $x0) (local.get $rounder)))
        (local.set $x1n (f32x4.add (local.get $x1) (local.get $rounder)))
        ;; f = x - n
        (local.set $x0f (f32x4.sub (local.get $x0) (f32x4.sub (local.get $x0n) (local.get $rounder))))
        (local.set $x1f (f32x4.sub (local.get $x1) (f32x4.sub (local.get $x1n) (local.get $rounder))))
        ;; 2^f by Horner's rule, times 2^n: n added to the exponent
        (local.set $x0 (f32x4.relaxed_madd (local.get $term0) (local.get $x0f) (local.get $term1)))
        (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term2)))
        (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term3)))
        (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term4)))
        (local.set $x0 (f32x4.relaxed_madd (local.get $x0) (local.get $x0f) (local.get $term5)))
        (local.set $x0 (i32x4.add (local.get $x0) (i32x4.shl (local.get $x0n) (i32.const 23))))
        (local.set $x1 (f32x4.relaxed_madd (local.get $term0) (local.get $x1f) (local.get $term1)))
        (local.set $x1 (f32x4.relaxed_madd (local.get $x1) (local.get $x1f) (local.get $term2)))
        (local.set $x1 (f32x4.relaxed_madd (local.get $x1) (local.get $x1f) (local.get $term3)))
        (local.set $x1 (f32x4.relaxed_madd (local.get $x1) (local.get $x1f) (local.get $term4)))
        (local.set $x1 (f32x4.relaxed_madd (local.get $x1) (local.get $x1f) (local.get $term5)))
        (local.set $x1 (i32x4.add (local.get $x1) (i32x4.shl (local.get $x1n) (i32.const 23))))
        (v128.store offset=16 (local.get $p) (local.get $x1))
        (v128.store (local.get $p) (local.get $x0))

        ;; row sum
        (local.set $t0 (f32x4.add (local.get $t0) (local.get $x0)))
        (local.set $t1 (f32x4.add (local.get $t1) (local.get $x1)))
        (local.set $p (i32.add (local.get $p) (i32.const 32)))
        (br_if $weights (i32.lt_u (local.get $p) (local.get $end))))
      (v128.store offset=16 (local.get $partial) (local.get $t1))
      (v128.store (local.get $partial) (local.get $t0))
      (local.set $row (i32.add (local.get $row) (i32.const 1024)))
      (local.set $partial (i32.add (local.get $partial) (i32.const 32)))
      (br_if $weights_rows (i32.lt_u (local.get $row) (local.get $lastRow)))))

  ;; $accumulate: 6 rows x 8 dims of output sums at $c,
  ;; $c = $c * rescale + weights at $a times the V panel at $b, over $depth keys.
  (func $accumulate
    (param $a i32) (param $b i32) (param $c i32) (param $rescale i32) (param $depth i32)
    (local $end i32) (local $s v128) (local $b0 v128) (local $b1 v128) (local $c0_0 v128) (local $c0_1 v128)
    (local $c1_0 v128) (local $c1_1 v128) (local $c2_0 v128) (local $c2_1 v128) (local $c3_0 v128) (local $c3_1 v128)
    (local $c4_0 v128) (local $c4_1 v128) (local $c5_0 v128) (local $c5_1 v128)

    ;; the sums so far, rescaled to the new maxima
    (local.set $s (v128.load32_splat (local.get $rescale)))
    (local.set $c0_0 (f32x4.mul (local.get $s) (v128.load (local.get $c))))
    (local.set $c0_1 (f32x4.mul (local.get $s) (v128.load offset=16 (local.get $c))))
    (local.set $s (v128.load32_splat offset=4 (local.get $rescale)))
    (local.set $c1_0 (f32x4.mul (local.get $s) (v128.load offset=256 (local.get $c))))
    (local.set $c1_1 (f32x4.mul (local.get $s) (v128.load offset=272 (local.get $c))))
    (local.set $s (v128.load32_splat offset=8 (local.get $rescale)))
    (local.set $c2_0 (f32x4.mul (local.get $s) (v128.load offset=512 (local.get $c))))
    (local.set $c2_1 (f32x4.mul (local.get $s) (v128.load offset=528 (local.get $c))))
    (local.set $s (v128.load32_splat offset=12 (local.get $rescale)))
    (local.set $c3_0 (f32x4.mul (local.get $s) (v128.load offset=768 (local.get $c))))
    (local.set $c3_1 (f32x4.mul (local.get $s) (v128.load offset=784 (local.get $c))))
    (local.set $s (v128.load32_splat offset=16 (local.get $rescale)))
    (local.set $c4_0 (f32x4.mul (local.get $s) (v128.load offset=1024 (local.get $c))))
    (local.set $c4_1 (f32x4.mul (local.get $s) (v128.load offset=1040 (local.get $c))))
    (local.set $s (v128.load32_splat offset=20 (local.get $rescale)))
    (local.set $c5_0 (f32x4.mul (local.get $s) (v128.load offset=1280 (local.get $c))))
    (local.set $c5_1 (f32x4.mul (local.get $s) (v128.load offset=1296 (local.get $c))))

    ;; the product, added in registers
    (local.set $end (i32.add (local.get $a) (i32.shl (local.get $depth) (i32.const 2))))
    ;; for a in a .. end step 16: c[row][vector] += a[row] * b[vector]
    (loop $next
      ;; element 0: a row of the panel, then one broadcast for each row of the tile
      (local.set $b0 (v128.load (local.get $b)))
      (local.set $b1 (v128.load offset=16 (local.get $b)))
      (local.set $s (v128.load32_splat (local.get $a)))
      (local.set $c0_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c0_0)))
      (local.set $c0_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c0_1)))
      (local.set $s (v128.load32_splat offset=1024 (local.get $a)))
      (local.set $c1_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c1_0)))
      (local.set $c1_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c1_1)))
      (local.set $s (v128.load32_splat offset=2048 (local.get $a)))
      (local.set $c2_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c2_0)))
      (local.set $c2_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c2_1)))
      (local.set $s (v128.load32_splat offset=3072 (local.get $a)))
      (local.set $c3_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c3_0)))
      (local.set $c3_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c3_1)))
      (local.set $s (v128.load32_splat offset=4096 (local.get $a)))
      (local.set $c4_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c4_0)))
      (local.set $c4_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c4_1)))
      (local.set $s (v128.load32_splat offset=5120 (local.get $a)))
      (local.set $c5_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c5_0)))
      (local.set $c5_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c5_1)))
      ;; element 1: a row of the panel, then one broadcast for each row of the tile
      (local.set $b0 (v128.load offset=32 (local.get $b)))
      (local.set $b1 (v128.load offset=48 (local.get $b)))
      (local.set $s (v128.load32_splat offset=4 (local.get $a)))
      (local.set $c0_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c0_0)))
      (local.set $c0_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c0_1)))
      (local.set $s (v128.load32_splat offset=1028 (local.get $a)))
      (local.set $c1_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c1_0)))
      (local.set $c1_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c1_1)))
      (local.set $s (v128.load32_splat offset=2052 (local.get $a)))
      (local.set $c2_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c2_0)))
      (local.set $c2_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c2_1)))
      (local.set $s (v128.load32_splat offset=3076 (local.get $a)))
      (local.set $c3_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c3_0)))
      (local.set $c3_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c3_1)))
      (local.set $s (v128.load32_splat offset=4100 (local.get $a)))
      (local.set $c4_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c4_0)))
      (local.set $c4_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c4_1)))
      (local.set $s (v128.load32_splat offset=5124 (local.get $a)))
      (local.set $c5_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c5_0)))
      (local.set $c5_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c5_1)))
      ;; element 2: a row of the panel, then one broadcast for each row of the tile
      (local.set $b0 (v128.load offset=64 (local.get $b)))
      (local.set $b1 (v128.load offset=80 (local.get $b)))
      (local.set $s (v128.load32_splat offset=8 (local.get $a)))
      (local.set $c0_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c0_0)))
      (local.set $c0_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c0_1)))
      (local.set $s (v128.load32_splat offset=1032 (local.get $a)))
      (local.set $c1_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c1_0)))
      (local.set $c1_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c1_1)))
      (local.set $s (v128.load32_splat offset=2056 (local.get $a)))
      (local.set $c2_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c2_0)))
      (local.set $c2_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c2_1)))
      (local.set $s (v128.load32_splat offset=3080 (local.get $a)))
      (local.set $c3_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c3_0)))
      (local.set $c3_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c3_1)))
      (local.set $s (v128.load32_splat offset=4104 (local.get $a)))
      (local.set $c4_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c4_0)))
      (local.set $c4_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c4_1)))
      (local.set $s (v128.load32_splat offset=5128 (local.get $a)))
      (local.set $c5_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c5_0)))
      (local.set $c5_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c5_1)))
      ;; element 3: a row of the panel, then one broadcast for each row of the tile
      (local.set $b0 (v128.load offset=96 (local.get $b)))
      (local.set $b1 (v128.load offset=112 (local.get $b)))
      (local.set $s (v128.load32_splat offset=12 (local.get $a)))
      (local.set $c0_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c0_0)))
      (local.set $c0_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c0_1)))
      (local.set $s (v128.load32_splat offset=1036 (local.get $a)))
      (local.set $c1_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c1_0)))
      (local.set $c1_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c1_1)))
      (local.set $s (v128.load32_splat offset=2060 (local.get $a)))
      (local.set $c2_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c2_0)))
      (local.set $c2_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c2_1)))
      (local.set $s (v128.load32_splat offset=3084 (local.get $a)))
      (local.set $c3_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c3_0)))
      (local.set $c3_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c3_1)))
      (local.set $s (v128.load32_splat offset=4108 (local.get $a)))
      (local.set $c4_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c4_0)))
      (local.set $c4_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c4_1)))
      (local.set $s (v128.load32_splat offset=5132 (local.get $a)))
      (local.set $c5_0 (f32x4.relaxed_madd (local.get $s) (local.get $b0) (local.get $c5_0)))
      (local.set $c5_1 (f32x4.relaxed_madd (local.get $s) (local.get $b1) (local.get $c5_1)))
      ;; on to the next elements
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 128)))
      (br_if $next (i32.lt_u (local.get $a) (local.get $end))))

    ;; the sums back
    (v128.store offset=16 (local.get $c) (local.get $c0_1))
    (v128.store (local.get $c) (local.get $c0_0))
    (v128.store offset=272 (local.get $c) (local.get $c1_1))
    (v128.store offset=256 (local.get $c) (local.get $c1_0))
    (v128.store offset=528 (local.get $c) (local.get $c2_1))
    (v128.store offset=512 (local.get $c) (local.get $c2_0))
    (v128.store offset=784 (local.get $c) (local.get $c3_1))
    (v128.store offset=768 (local.get $c) (local.get $c3_0))
    (v128.store offset=1040 (local.get $c) (local.get $c4_1))
    (v128.store offset=1024 (local.get $c) (local.get $c4_0))
    (v128.store offset=1296 (local.get $c) (local.get $c5_1))
    (v128.store offset=1280 (local.get $c) (local.get $c5_0)))

  ;; $write: $rows rows of output sums at $scratch, divided by l, to $o; 1 where a number among them is not finite.
  (func $write
    (param $o i32) (param $rows i32) (param $scratch i32) (result i32)
    (local $row i32) (local $d i32) (local $from i32) (local $sums i32) (local $l f32) (local $scale v128)
    (local $value v128) (local $finite v128)
    (local.set $from (local.get $scratch))
    (local.set $sums (i32.add (local.get $scratch) (i32.const 31488)))
    ;; for row in 0 .. rows step 1
    (local.set $row (i32.const 0))
    (block $row_end
      (loop $row_next
        (br_if $row_end (i32.ge_s (local.get $row) (local.get $rows)))
        ;; l of the row, and 1 / l; a row that saw no key has l = 0 and gives zeros
        (local.set $scale (f32x4.add (v128.load (local.get $sums)) (v128.load offset=16 (local.get $sums))))
        (local.set $l
          (f32.add
            (f32.add (f32x4.extract_lane 0 (local.get $scale)) (f32x4.extract_lane 1 (local.get $scale)))
            (f32.add (f32x4.extract_lane 2 (local.get $scale)) (f32x4.extract_lane 3 (local.get $scale)))))
        (local.set $scale
          (f32x4.splat
            (select (f32.div (f32.const 1) (local.get $l)) (f32.const 0) (f32.gt (local.get $l) (f32.const 0)))))
        ;; the row out; 0 times a number is 0 if that is finite, else NaN
        ;; for d in 0 .. 256 step 16
        (local.set $d (i32.const 0))
        (block $d_end
          (loop $d_next
            (br_if $d_end (i32.ge_s (local.get $d) (i32.const 256)))
            (local.set $value
              (f32x4.mul (local.get $scale) (v128.load offset=12288 (i32.add (local.get $from) (local.get $d)))))
            (local.set $finite
              (f32x4.add (local.get $finite) (f32x4.mul (local.get $value) (f32x4.splat (f32.const 0)))))
            (v128.store (i32.add (local.get $o) (local.get $d)) (local.get $value))
            (local.set $d (i32.add (local.get $d) (i32.const 16)))
            (br $d_next)))
        (local.set $o (i32.add (local.get $o) (global.get $qStride)))
        (local.set $from (i32.add (local.get $from) (i32.const 256)))
        (local.set $sums (i32.add (local.get $sums) (i32.const 32)))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (br $row_next)))

    ;; whether NaN came of any
    (v128.any_true (f32x4.ne (local.get $finite) (f32x4.splat (f32.const 0)))))

  ;; $bounded: 1 where |q| |k| keeps every logit within 24,
  ;; of $rows rows at $q and the keys of panels $first .. $last, whose largest |k|^2 are at $norms.
  (func $bounded
    (param $q i32) (param $rows i32) (param $norms i32) (param $first i32) (param $last i32) (result i32)
    (local $row i32) (local $d i32) (local $panel i32) (local $squares v128) (local $x v128) (local $rowNorm f32)
    (local $keyNorm f32)

    ;; the largest |q|^2
    ;; for row in 0 .. rows step 1
    (local.set $row (i32.const 0))
    (block $row_end
      (loop $row_next
        (br_if $row_end (i32.ge_s (local.get $row) (local.get $rows)))
        (local.set $squares (f32x4.splat (f32.const 0)))
        ;; for d in 0 .. 256 step 64
        (local.set $d (i32.const 0))
        (block $d_end
          (loop $d_next
            (br_if $d_end (i32.ge_s (local.get $d) (i32.const 256)))
            (local.set $x (v128.load (i32.add (local.get $q) (local.get $d))))
            (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x) (local.get $x))))
            (local.set $x (v128.load offset=16 (i32.add (local.get $q) (local.get $d))))
            (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x) (local.get $x))))
            (local.set $x (v128.load offset=32 (i32.add (local.get $q) (local.get $d))))
            (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x) (local.get $x))))
            (local.set $x (v128.load offset=48 (i32.add (local.get $q) (local.get $d))))
            (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x) (local.get $x))))
            (local.set $d (i32.add (local.get $d) (i32.const 64)))
            (br $d_next)))
        (local.set $rowNorm
          (f32.max
            (local.get $rowNorm)
            (f32.add
              (f32.add (f32x4.extract_lane 0 (local.get $squares)) (f32x4.extract_lane 1 (local.get $squares)))
              (f32.add (f32x4.extract_lane 2 (local.get $squares)) (f32x4.extract_lane 3 (local.get $squares))))))
        (local.set $q (i32.add (local.get $q) (global.get $qStride)))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (br $row_next)))

    ;; the largest |k|^2
    ;; for panel in first .. last step 1
    (local.set $panel (local.get $first))
    (block $panel_end
      (loop $panel_next
        (br_if $panel_end (i32.ge_s (local.get $panel) (local.get $last)))
        (local.set $keyNorm
          (f32.max
            (local.get $keyNorm)
            (f32.load (i32.add (local.get $norms) (i32.shl (local.get $panel) (i32.const 2))))))
        (local.set $panel (i32.add (local.get $panel) (i32.const 1)))
        (br $panel_next)))

    ;; scale^2 |q|^2 |k|^2 beside the square of the bound
    (f32.le
      (f32.mul (f32.mul (f32.mul (global.get $scale) (global.get $scale)) (local.get $rowNorm)) (local.get $keyNorm))
      (f32.const 576)))

  ;; $group_keys: how many of the $keys keys from $key on a row group takes, in whole panels:
  ;; up to the last that its last row, $position, sees.
  (func $group_keys
    (param $position i32) (param $key i32) (param $keys i32) (result i32)
    (call $min
      (call $max
        (i32.and
          (i32.add (i32.sub (call $high_key (local.get $position)) (local.get $key)) (i32.const 7))
          (i32.const -8))
        (i32.const 0))
      (local.get $keys)))

  ;; $low_key: the first key that query row $position of the sequence sees.
  (func $low_key
    (param $position i32) (result i32)
    (call $max (i32.add (local.get $position) (global.get $windowLow)) (i32.const 0)))

  ;; $high_key: the first key after the last that it sees.
  (func $high_key
    (param $position i32) (result i32)
    (call $min (call $max (i32.add (local.get $position) (global.get $windowHigh)) (i32.const 0)) (global.get $seqKv)))

  ;; $min: the smaller of two signed numbers.
  (func $min
    (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.lt_s (local.get $a) (local.get $b))))

  ;; $max: the larger of two signed numbers.
  (func $max
    (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.gt_s (local.get $a) (local.get $b))))

  ;; pack: panels $first .. $last of K and V of one KV head; the largest |k|^2 of each panel goes to $norms.
  (func $pack (export "pack")
    (param $k i32) (param $v i32) (param $packedK i32) (param $packedV i32) (param $first i32) (param $last i32)
    (param $norms i32)
    (local $panel i32) (local $key i32)
    ;; for panel in first .. last step 1
    (local.set $panel (local.get $first))
    (block $panel_end
      (loop $panel_next
        (br_if $panel_end (i32.ge_s (local.get $panel) (local.get $last)))
        (local.set $key (i32.mul (local.get $panel) (i32.const 8)))

        ;; stage K
        (f32.store
          (i32.add (local.get $norms) (i32.shl (local.get $panel) (i32.const 2)))
          (call $stage_k
            (local.get $k)
            (i32.add (local.get $packedK) (i32.mul (local.get $panel) (i32.const 2048)))
            (local.get $key)))

        ;; stage V
        (call $stage_v (local.get $v) (local.get $packedV) (local.get $key))

        (local.set $panel (i32.add (local.get $panel) (i32.const 1)))
        (br $panel_next))))

  ;; $stage_k: 8 keys of K from $first on to a panel [dim][key] at $to, four keys by four dims at a time.
  ;; Returns the largest |k|^2 of them.
  (func $stage_k
    (param $k i32) (param $to i32) (param $first i32) (result f32)
    (local $key i32) (local $end i32) (local $d i32) (local $place i32) (local $r0 i32) (local $r1 i32) (local $r2 i32)
    (local $r3 i32) (local $squares v128) (local $largest v128) (local $x0 v128) (local $x1 v128) (local $x2 v128)
    (local $x3 v128) (local $y0 v128) (local $y1 v128) (local $y2 v128) (local $y3 v128)
    (local.set $end (i32.add (local.get $first) (i32.const 8)))
    ;; for key in first .. end step 4
    (local.set $key (local.get $first))
    (block $key_end
      (loop $key_next
        (br_if $key_end (i32.ge_s (local.get $key) (local.get $end)))
        (local.set $r0 (call $row_address (local.get $k) (local.get $key)))
        (local.set $r1 (call $row_address (local.get $k) (i32.add (local.get $key) (i32.const 1))))
        (local.set $r2 (call $row_address (local.get $k) (i32.add (local.get $key) (i32.const 2))))
        (local.set $r3 (call $row_address (local.get $k) (i32.add (local.get $key) (i32.const 3))))
        (local.set $squares (f32x4.splat (f32.const 0)))
        ;; for d in 0 .. 256 step 16
        (local.set $d (i32.const 0))
        (block $d_end
          (loop $d_next
            (br_if $d_end (i32.ge_s (local.get $d) (i32.const 256)))
            ;; x: four dims of four keys; y: the first two keys by turns, and the last two
            (local.set $x0 (v128.load (i32.add (local.get $r0) (local.get $d))))
            (local.set $x1 (v128.load (i32.add (local.get $r1) (local.get $d))))
            (local.set $x2 (v128.load (i32.add (local.get $r2) (local.get $d))))
            (local.set $x3 (v128.load (i32.add (local.get $r3) (local.get $d))))
            (local.set $y0 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $x0) (local.get $x1)))
            (local.set $y1
              (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $x0) (local.get $x1)))
            (local.set $y2 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $x2) (local.get $x3)))
            (local.set $y3
              (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $x2) (local.get $x3)))
            ;; x: one dim of four keys
            (local.set $x0 (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $y0) (local.get $y2)))
            (local.set $x1
              (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $y0) (local.get $y2)))
            (local.set $x2 (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $y1) (local.get $y3)))
            (local.set $x3
              (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $y1) (local.get $y3)))
            (local.set $place (i32.add (local.get $to) (i32.mul (local.get $d) (i32.const 8))))
            (v128.store (local.get $place) (local.get $x0))
            (v128.store offset=32 (local.get $place) (local.get $x1))
            (v128.store offset=64 (local.get $place) (local.get $x2))
            (v128.store offset=96 (local.get $place) (local.get $x3))
            (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x0) (local.get $x0))))
            (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x1) (local.get $x1))))
            (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x2) (local.get $x2))))
            (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x3) (local.get $x3))))
            (local.set $d (i32.add (local.get $d) (i32.const 16)))
            (br $d_next)))
        (local.set $largest (f32x4.max (local.get $largest) (local.get $squares)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (local.set $key (i32.add (local.get $key) (i32.const 4)))
        (br $key_next)))

    ;; the largest |k|^2
    (f32.max
      (f32.max (f32x4.extract_lane 0 (local.get $largest)) (f32x4.extract_lane 1 (local.get $largest)))
      (f32.max (f32x4.extract_lane 2 (local.get $largest)) (f32x4.extract_lane 3 (local.get $largest)))))

  ;; $stage_v: 8 keys of V from $first on to packed V,
  ;; [key block][dim panel][key of the block][dim of the panel].
  (func $stage_v
    (param $v i32) (param $packedV i32) (param $first i32)
    (local $key i32) (local $end i32) (local $d i32) (local $from i32) (local $to i32) (local $blockStart i32)
    (local $panelBytes i32)
    ;; the first key of their block, and how long its panels are: the last block may be short
    (local.set $blockStart (i32.and (local.get $first) (i32.const -256)))
    (local.set $panelBytes
      (i32.mul (call $min (i32.sub (global.get $keysPadded) (local.get $blockStart)) (i32.const 256)) (i32.const 32)))
    (local.set $end (i32.add (local.get $first) (i32.const 8)))
    ;; for key in first .. end step 1
    (local.set $key (local.get $first))
    (block $key_end
      (loop $key_next
        (br_if $key_end (i32.ge_s (local.get $key) (local.get $end)))
        (local.set $from (call $row_address (local.get $v) (local.get $key)))
        (local.set $to
          (i32.add
            (local.get $packedV)
            (i32.add
              (i32.mul (local.get $blockStart) (i32.const 256))
              (i32.mul (i32.sub (local.get $key) (local.get $blockStart)) (i32.const 32)))))
        ;; for d in 0 .. 64 step 8
        (local.set $d (i32.const 0))
        (block $d_end
          (loop $d_next
            (br_if $d_end (i32.ge_s (local.get $d) (i32.const 64)))
            (v128.store (local.get $to) (v128.load (local.get $from)))
            (v128.store offset=16 (local.get $to) (v128.load offset=16 (local.get $from)))
            (local.set $from (i32.add (local.get $from) (i32.const 32)))
            (local.set $to (i32.add (local.get $to) (local.get $panelBytes)))
            (local.set $d (i32.add (local.get $d) (i32.const 8)))
            (br $d_next)))
        (local.set $key (i32.add (local.get $key) (i32.const 1)))
        (br $key_next))))

  ;; $row_address: row $key of K or V at $base; past the last key the row of zeros at address 0.
  (func $row_address
    (param $base i32) (param $key i32) (result i32)
    (select
      (i32.add (local.get $base) (i32.mul (local.get $key) (global.get $kvStride)))
      (i32.const 0)
      (i32.lt_s (local.get $key) (global.get $seqKv)))))