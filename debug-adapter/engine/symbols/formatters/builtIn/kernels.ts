/** Formatters for the list types of the Linux kernel and of FreeRTOS. */
export const KERNELS = String.raw`<?xml version="1.0" encoding="utf-8"?>
<AutoVisualizer xmlns="http://schemas.microsoft.com/vstudio/debugger/natvis/2010">
  <Type Name="list_head">
    <DisplayString Condition="next == this">empty</DisplayString>
    <DisplayString>{{next = {next}, prev = {prev}}}</DisplayString>
    <Expand>
      <LinkedListItems>
        <HeadPointer>next</HeadPointer>
        <NextPointer>next</NextPointer>
        <ValueNode>*this</ValueNode>
      </LinkedListItems>
    </Expand>
  </Type>
  <Type Name="hlist_head">
    <DisplayString Condition="first == 0">empty</DisplayString>
    <DisplayString>{{first = {first}}}</DisplayString>
    <Expand>
      <LinkedListItems>
        <HeadPointer>first</HeadPointer>
        <NextPointer>next</NextPointer>
        <ValueNode>*this</ValueNode>
      </LinkedListItems>
    </Expand>
  </Type>
  <Type Name="xLIST">
    <DisplayString>{{ items={uxNumberOfItems} }}</DisplayString>
    <Expand>
      <Item Name="[items]">uxNumberOfItems</Item>
      <LinkedListItems>
        <Size>uxNumberOfItems</Size>
        <HeadPointer>xListEnd.pxNext</HeadPointer>
        <NextPointer>pxNext</NextPointer>
        <ValueNode>*this</ValueNode>
      </LinkedListItems>
    </Expand>
  </Type>
</AutoVisualizer>
`;
