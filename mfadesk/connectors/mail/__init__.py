"""Couriers for mail: `smtp` to a real server, `mailbox` as its twin in the lab's file."""
