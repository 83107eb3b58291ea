// list.h: an intrusive doubly linked list. A node leaves its list when destroyed; no allocation, O(1) removal.
// A type may sit in several lists by deriving from ListNode with different tags.
#pragma once

namespace sluice {

template <class Tag = void>
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    if (next_ == nullptr) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    next_ = prev_ = nullptr;
  }

 private:
  template <class T, class OtherTag>
  friend class List;
  ListNode* next_ = nullptr;
  ListNode* prev_ = nullptr;
};

template <class T, class Tag = void>
class List {
 public:
  List() { head_.next_ = head_.prev_ = &head_; }
  ~List() {
    while (pop_front() != nullptr) {
    }
    head_.next_ = head_.prev_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }
  T* front() { return empty() ? nullptr : static_cast<T*>(head_.next_); }
  T* back() { return empty() ? nullptr : static_cast<T*>(head_.prev_); }
  // The element after `item`, or nullptr.
  T* next(T* item) {
    ListNode<Tag>* node = static_cast<ListNode<Tag>*>(item)->next_;
    return node == &head_ ? nullptr : static_cast<T*>(node);
  }
  // An item that is in a list of this tag already, this one or another, is moved.
  void push_back(T& item) {
    static_cast<ListNode<Tag>&>(item).unlink();
    insert(head_.prev_, &head_, item);
  }
  void push_front(T& item) {
    static_cast<ListNode<Tag>&>(item).unlink();
    insert(&head_, head_.next_, item);
  }
  T* pop_front() {
    T* item = front();
    if (item != nullptr) static_cast<ListNode<Tag>*>(item)->unlink();
    return item;
  }
  // Moves everything to the end of `other`.
  void splice_to(List& other) {
    if (empty()) return;
    ListNode<Tag>* first = head_.next_;
    ListNode<Tag>* last = head_.prev_;
    ListNode<Tag>* end = &other.head_;
    first->prev_ = end->prev_;
    end->prev_->next_ = first;
    last->next_ = end;
    end->prev_ = last;
    head_.next_ = head_.prev_ = &head_;
  }

 private:
  static void insert(ListNode<Tag>* before, ListNode<Tag>* after, T& item) {
    auto* node = static_cast<ListNode<Tag>*>(&item);
    node->prev_ = before;
    node->next_ = after;
    before->next_ = node;
    after->prev_ = node;
  }
  ListNode<Tag> head_;
};

}  // namespace sluice
