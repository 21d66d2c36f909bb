# What an emulated CPU runs from its reset, in place of a BIOS: 64-bit mode with vectors and tiles switched on, the calls that
# a table at 1 MiB lists, the bytes that it names in hexadecimal to port 0xe9, and the end by port 0x8900.
#
# Table: number of calls, address and number of the bytes to write, then for each call the function and its argument; 64 bits each.

.intel_syntax noprefix
.code16
.section .text
.org 0
start:
  cli
  # Addresses beyond 1 MiB.
  mov al, 2
  out 0x92, al
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7000
  # Page tables at 0x1000, 0x2000 and 0x3000: 1 GiB as it is, by 2 MiB.
  mov di, 0x1000
  xor eax, eax
  mov cx, 0x0c00
  cld
  rep stosd
  mov dword ptr [0x1000], 0x2003
  mov dword ptr [0x2000], 0x3003
  mov di, 0x3000
  mov eax, 0x83
  mov cx, 512
1:
  mov [di], eax
  add di, 8
  add eax, 0x200000
  loop 1b
  mov ax, 0xf000
  mov ds, ax
  .byte 0x66
  lgdt [gdtr]
  # CR4: long addresses, vectors, and the states that XCR0 names.
  mov eax, cr4
  or eax, (1<<5)|(1<<9)|(1<<10)|(1<<18)
  mov cr4, eax
  mov eax, 0x1000
  mov cr3, eax
  mov ecx, 0xc0000080
  rdmsr
  or eax, 0x100
  wrmsr
  mov eax, cr0
  and eax, 0xfffffffb
  or eax, 0x80000003
  mov cr0, eax
  .byte 0x66, 0xea
  .long 0xf0000 + long_mode
  .word 8
.code64
long_mode:
  mov ax, 16
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov rsp, 0x90000
  # XCR0: x87, vectors of 128, 256 and 512 bits, masks, tiles.
  xor ecx, ecx
  mov eax, 0x600e7
  xor edx, edx
  xsetbv
  mov rsi, 0x100000
  mov r12, [rsi]
  lea r13, [rsi + 24]
2:
  test r12, r12
  jz 3f
  mov rdi, [r13 + 8]
  call [r13]
  add r13, 16
  dec r12
  jmp 2b
3:
  mov rsi, 0x100000
  mov rbx, [rsi + 8]
  mov rcx, [rsi + 16]
  mov dx, 0xe9
  mov al, '<'
  out dx, al
4:
  mov al, [rbx]
  mov ah, al
  shr al, 4
  call nibble
  mov al, ah
  and al, 15
  call nibble
  inc rbx
  dec rcx
  jnz 4b
  mov al, '>'
  out dx, al
  mov al, 10
  out dx, al
  mov dx, 0x8900
  lea rsi, [rip + bye]
  mov ecx, 8
  cld
5:
  lodsb
  out dx, al
  loop 5b
6:
  hlt
  jmp 6b
nibble:
  add al, '0'
  cmp al, '9'
  jbe 7f
  add al, 39
7:
  out dx, al
  ret
bye: .ascii "Shutdown"
.balign 8
gdt:
  .quad 0
  .quad 0x00209a0000000000
  .quad 0x0000920000000000
gdtr:
  .word 23
  .long 0xf0000 + gdt
.org 0xfff0
.code16
  .byte 0xea
  .word start
  .word 0xf000
.org 0x10000
