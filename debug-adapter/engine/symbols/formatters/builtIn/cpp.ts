/** Formatters for the types of gcc's C++ library (libstdc++). */
export const CPP = String.raw`<?xml version="1.0" encoding="utf-8"?>
<AutoVisualizer xmlns="http://schemas.microsoft.com/vstudio/debugger/natvis/2010">
  <Type Name="std::__cxx11::basic_string&lt;*&gt;">
    <AlternativeType Name="std::basic_string&lt;*&gt;"/>
    <DisplayString Optional="true">{_M_dataplus._M_p,[_M_string_length]s}</DisplayString>
    <Expand>
      <Item Name="[size]" Optional="true">_M_string_length</Item>
      <ArrayItems Optional="true">
        <Size>_M_string_length</Size>
        <ValuePointer>_M_dataplus._M_p</ValuePointer>
      </ArrayItems>
    </Expand>
  </Type>
  <Type Name="std::basic_string_view&lt;*&gt;">
    <DisplayString>{_M_str,[_M_len]s}</DisplayString>
  </Type>
  <Type Name="std::vector&lt;bool,*&gt;">
    <DisplayString>{{ size={(_M_impl._M_finish._M_p - _M_impl._M_start._M_p) * 64 + _M_impl._M_finish._M_offset} }}</DisplayString>
  </Type>
  <Type Name="std::vector&lt;*&gt;" Priority="MediumLow">
    <DisplayString>{{ size={_M_impl._M_finish - _M_impl._M_start} }}</DisplayString>
    <Expand>
      <Item Name="[size]">_M_impl._M_finish - _M_impl._M_start</Item>
      <Item Name="[capacity]">_M_impl._M_end_of_storage - _M_impl._M_start</Item>
      <ArrayItems>
        <Size>_M_impl._M_finish - _M_impl._M_start</Size>
        <ValuePointer>_M_impl._M_start</ValuePointer>
      </ArrayItems>
    </Expand>
  </Type>
  <Type Name="std::map&lt;*&gt;">
    <AlternativeType Name="std::multimap&lt;*&gt;"/>
    <AlternativeType Name="std::set&lt;*&gt;"/>
    <AlternativeType Name="std::multiset&lt;*&gt;"/>
    <DisplayString>{{ size={_M_t._M_impl._M_node_count} }}</DisplayString>
    <Expand>
      <Item Name="[size]">_M_t._M_impl._M_node_count</Item>
      <TreeItems>
        <Size>_M_t._M_impl._M_node_count</Size>
        <HeadPointer>_M_t._M_impl._M_header._M_parent</HeadPointer>
        <LeftPointer>_M_left</LeftPointer>
        <RightPointer>_M_right</RightPointer>
        <ValueNode>*(value_type *)(this + 1)</ValueNode>
      </TreeItems>
    </Expand>
  </Type>
  <Type Name="std::__cxx11::list&lt;*&gt;">
    <DisplayString>{{ size={_M_impl._M_node._M_size} }}</DisplayString>
    <Expand>
      <Item Name="[size]">_M_impl._M_node._M_size</Item>
      <LinkedListItems>
        <Size>_M_impl._M_node._M_size</Size>
        <HeadPointer>_M_impl._M_node._M_next</HeadPointer>
        <NextPointer>_M_next</NextPointer>
        <ValueNode>*(value_type *)(this + 1)</ValueNode>
      </LinkedListItems>
    </Expand>
  </Type>
  <Type Name="std::pair&lt;*&gt;">
    <DisplayString>({first}, {second})</DisplayString>
    <Expand>
      <Item Name="first">first</Item>
      <Item Name="second">second</Item>
    </Expand>
  </Type>
  <Type Name="std::unique_ptr&lt;*&gt;">
    <DisplayString Condition="*($T1 **)this == 0">nullptr</DisplayString>
    <DisplayString>{*($T1 **)this}</DisplayString>
    <Expand>
      <ExpandedItem Condition="*($T1 **)this != 0">*($T1 **)this</ExpandedItem>
    </Expand>
  </Type>
  <Type Name="std::shared_ptr&lt;*&gt;">
    <DisplayString Condition="_M_ptr == 0">nullptr</DisplayString>
    <DisplayString>{_M_ptr}</DisplayString>
    <Expand>
      <Item Name="[use count]" Condition="_M_refcount._M_pi != 0">_M_refcount._M_pi->_M_use_count</Item>
      <ExpandedItem Condition="_M_ptr != 0">_M_ptr</ExpandedItem>
    </Expand>
  </Type>
</AutoVisualizer>
`;
