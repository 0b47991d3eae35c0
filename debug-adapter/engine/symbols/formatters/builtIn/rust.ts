/**
 * Formatters for the types of Rust's standard library. Up to Rust 1.80, the buffer of a vector contains a pointer to
 * the element type. Since then, the pointer has been in `inner`, and its type does not name the element type.
 */
export const RUST = String.raw`<?xml version="1.0" encoding="utf-8"?>
<AutoVisualizer xmlns="http://schemas.microsoft.com/vstudio/debugger/natvis/2010">
  <Type Name="alloc::string::String">
    <DisplayString Optional="true">{(char *)vec.buf.ptr.pointer.pointer,[vec.len]s8}</DisplayString>
    <DisplayString>{(char *)vec.buf.inner.ptr.pointer.pointer,[vec.len]s8}</DisplayString>
    <Expand>
      <ExpandedItem>vec</ExpandedItem>
    </Expand>
  </Type>
  <Type Name="alloc::vec::Vec&lt;*&gt;">
    <DisplayString>{{ len={len} }}</DisplayString>
    <Expand>
      <Item Name="[len]">len</Item>
      <ArrayItems Optional="true">
        <Size>len</Size>
        <ValuePointer>($T1 *)buf.ptr.pointer.pointer</ValuePointer>
      </ArrayItems>
      <ArrayItems Optional="true">
        <Size>len</Size>
        <ValuePointer>($T1 *)buf.inner.ptr.pointer.pointer</ValuePointer>
      </ArrayItems>
    </Expand>
  </Type>
</AutoVisualizer>
`;
